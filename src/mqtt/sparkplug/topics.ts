const NAMESPACE = 'spBv1.0';

export type NodeMessage = 'NBIRTH' | 'NDATA' | 'NDEATH' | 'NCMD';
export type DeviceMessage = 'DBIRTH' | 'DDATA' | 'DDEATH' | 'DCMD';

/** The topics of one edge node. */
export class SparkplugTopics {
  constructor(
    private readonly groupId: string,
    private readonly edgeNodeId: string,
  ) {}

  node(message: NodeMessage): string {
    return `${NAMESPACE}/${this.groupId}/${message}/${this.edgeNodeId}`;
  }

  device(message: DeviceMessage, device: string): string {
    return `${NAMESPACE}/${this.groupId}/${message}/${this.edgeNodeId}/${device}`;
  }

  /** The device of a DCMD topic; undefined for every other topic. */
  commandedDevice(topic: string): string | undefined {
    const prefix = this.device('DCMD', '');
    return topic.startsWith(prefix) ? topic.slice(prefix.length) : undefined;
  }
}

/** Where a host application says whether it is there. */
export function hostTopic(hostId: string): string {
  return `${NAMESPACE}/STATE/${hostId}`;
}

/** What a host says there; undefined where it is no such statement. */
export function hostStatement(payload: Uint8Array): { online: boolean; timestampMs: number } | undefined {
  let content: unknown;
  try {
    content = JSON.parse(Buffer.from(payload).toString('utf8'));
  } catch {
    return undefined;
  }
  if (typeof content !== 'object' || content === null) return undefined;
  const { online, timestamp } = content as Record<string, unknown>;
  if (typeof online !== 'boolean' || typeof timestamp !== 'number' || !Number.isFinite(timestamp)) return undefined;
  return { online, timestampMs: timestamp };
}
