import { createHash, timingSafeEqual } from 'node:crypto';
import type { ISessionContext } from 'node-opcua-address-space';
import { MessageSecurityMode, UserNameIdentityToken } from 'node-opcua-client';
import type { Role, ServerSettings, ServerUser } from './protocol.js';

/** What a wrong password costs the one who tries it. */
const WRONG_PASSWORD_MS = 1000;

/** What a session of the library tells of itself. */
interface Session {
  readonly userIdentityToken?: unknown;
  readonly channel?: { readonly securityMode?: MessageSecurityMode };
}

/** Who may do what. */
export class Access {
  readonly #users: ReadonlyMap<string, ServerUser>;
  readonly #localOnly: boolean;
  readonly #onRefused: (name: string) => void;

  constructor({ users, host }: Pick<ServerSettings, 'users' | 'host'>, onRefused: (name: string) => void) {
    this.#users = new Map(users.map((user) => [user.name, user]));
    this.#localOnly = isLoopback(host);
    this.#onRefused = onRefused;
  }

  /** Answers a wrong name as slowly as a wrong password, so that neither can be guessed quickly. */
  async admits(name: string, password: string): Promise<boolean> {
    const user = this.#users.get(name);
    const right = equal(password, user?.password ?? '') && user !== undefined;
    if (right) return true;
    this.#onRefused(name);
    await new Promise((resolve) => setTimeout(resolve, WRONG_PASSWORD_MS));
    return false;
  }

  roleOf(name: string): Role | undefined {
    return this.#users.get(name)?.role;
  }

  /** The user's name where the session may call methods that do something; undefined where it may not. */
  operatorOf(context: ISessionContext): string | undefined {
    const { userIdentityToken: token, channel } = (context.session ?? {}) as Session;
    // By the kind of the token: somebody may be called "anonymous".
    if (!(token instanceof UserNameIdentityToken) || token.userName === null) return undefined;
    // A channel without signatures can be taken over by anybody on the network.
    const signed = channel?.securityMode === MessageSecurityMode.Sign;
    const encrypted = channel?.securityMode === MessageSecurityMode.SignAndEncrypt;
    if (!signed && !encrypted && !this.#localOnly) return undefined;
    return this.roleOf(token.userName) === 'operator' ? token.userName : undefined;
  }
}

export function isLoopback(host: string): boolean {
  return /^(127\.\d+\.\d+\.\d+|::1|localhost)$/i.test(host);
}

function equal(left: string, right: string): boolean {
  const [one, other] = [left, right].map((text) => createHash('sha256').update(text).digest());
  return one !== undefined && other !== undefined && timingSafeEqual(one, other);
}
