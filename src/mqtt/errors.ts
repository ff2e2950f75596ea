import { defineErrors } from '../base/errors.js';

export const mqttErrors = defineErrors({
  MQTT_URL_SECRET: {
    consequence: 'config',
    summary: 'The address of the MQTT broker holds a user name or a password.',
    remedy:
      'Take it out of `mqtt.url` and `mqtt.fallbackUrls`; set `mqtt.username` and point `mqtt.password` at an env, file or credential.',
  },
  MQTT_TLS_FILE: {
    consequence: 'config',
    summary: 'A certificate or key for the MQTT connection cannot be used.',
    remedy: 'Check the path, that the daemon may read the file, and that it is a PEM file of the right kind.',
  },
  MQTT_UNREACHABLE: {
    consequence: 'transient',
    summary: 'The MQTT broker does not answer at this address.',
    remedy: 'Check that the broker runs, that `mqtt.url` names its host and port, and that no firewall is in between.',
  },
  MQTT_HOST_UNKNOWN: {
    consequence: 'transient',
    summary: "The MQTT broker's host name cannot be resolved.",
    remedy: "Check the spelling in `mqtt.url` and the gateway's DNS, or use the IP address.",
  },
  MQTT_CONNECT_TIMEOUT: {
    consequence: 'transient',
    summary: 'The MQTT broker did not answer in time.',
    remedy:
      'Something may listen there that is not a broker, or the broker is overloaded; raise `mqtt.connectTimeoutMs` on a slow link.',
  },
  MQTT_HUNG_UP: {
    consequence: 'transient',
    summary: 'The other side closed the connection before it answered as an MQTT broker.',
    remedy:
      "Check that the port is the broker's MQTT port, and whether it expects TLS (`mqtts://`) or not (`mqtt://`).",
  },
  MQTT_CONNECTION_LOST: {
    consequence: 'transient',
    summary: 'The connection to the MQTT broker was lost.',
    remedy: 'The agent connects again by itself; messages wait in the outbox meanwhile.',
  },
  MQTT_NOT_CONNECTED: {
    consequence: 'transient',
    summary: 'There is no connection to the MQTT broker.',
    remedy: 'The message stays in the outbox and goes out once the broker is back.',
  },
  MQTT_ACK_TIMEOUT: {
    consequence: 'transient',
    summary: 'The MQTT broker took a message but did not acknowledge it in time.',
    remedy: 'The agent connects anew and sends the message again; if this repeats, look at the load of the broker.',
  },
  MQTT_WINDOW_FULL: {
    consequence: 'transient',
    summary: 'More messages are under way to the MQTT broker than `mqtt.window` allows.',
    remedy: 'The message stays in the outbox and goes out later.',
  },
  MQTT_SUBSCRIPTION_REFUSED: {
    consequence: 'transient',
    summary: 'The MQTT broker does not let the agent listen to a topic.',
    remedy:
      "Let the broker's access list allow the agent's user to subscribe there, or take `commands` out of the config.",
  },
  MQTT_LOGIN_REFUSED: {
    consequence: 'transient',
    summary: 'The MQTT broker refused the user name or the password.',
    remedy: 'Check `mqtt.username` and the secret behind `mqtt.password` against the accounts of the broker.',
  },
  MQTT_NOT_AUTHORIZED: {
    consequence: 'transient',
    summary: 'The MQTT broker does not let this client connect.',
    remedy:
      "Check `mqtt.username`, `mqtt.password` and the client certificate, and the broker's rules for this client id.",
  },
  MQTT_CLIENT_ID_REFUSED: {
    consequence: 'transient',
    summary: 'The MQTT broker does not accept the client id.',
    remedy: 'Set `mqtt.clientId` to an id that the broker allows.',
  },
  MQTT_TAKEN_OVER: {
    consequence: 'transient',
    summary: 'Another client with the same client id connected to the MQTT broker and threw this one out.',
    remedy: 'Give each client an id of its own: set `mqtt.clientId`, or give the gateways different names.',
  },
  MQTT_USE_ANOTHER: {
    consequence: 'transient',
    summary: 'The MQTT broker sends this client to another server.',
    remedy:
      'The agent goes on with the next of `mqtt.fallbackUrls`. It follows no address that a broker names: write the new one in `mqtt.url` or `mqtt.fallbackUrls`.',
  },
  MQTT_PROTOCOL_REFUSED: {
    consequence: 'transient',
    summary: 'The MQTT broker does not speak the protocol version asked for.',
    remedy: 'Set `mqtt.protocol` to `auto`, or to a version that the broker speaks.',
  },
  MQTT_BROKER_REFUSED: {
    consequence: 'transient',
    summary: 'The MQTT broker refused the connection.',
    remedy: "Look at the broker's log for the reason.",
  },
  MQTT_TLS_UNTRUSTED: {
    consequence: 'transient',
    summary: 'The certificate of the MQTT broker is not signed by an authority that this gateway trusts.',
    remedy: "Set `mqtt.tls.ca` to the PEM file of the authority that signed the broker's certificate.",
  },
  MQTT_TLS_NAME: {
    consequence: 'transient',
    summary: 'The certificate of the MQTT broker was made for another name.',
    remedy: 'Use the name in the certificate in `mqtt.url`, or set `mqtt.tls.serverName` to it.',
  },
  MQTT_TLS_EXPIRED: {
    consequence: 'transient',
    summary: 'The certificate of the MQTT broker has expired or is not valid yet.',
    remedy: "Have the broker's certificate renewed; check that the gateway's clock is right.",
  },
  MQTT_TLS_FAILED: {
    consequence: 'transient',
    summary: 'The encrypted connection to the MQTT broker could not be set up.',
    remedy:
      "Check that the port is the broker's TLS port, and whether it wants a client certificate (`mqtt.tls.cert`, `mqtt.tls.key`).",
  },
  MQTT_TOPIC_REFUSED: {
    consequence: 'degraded',
    summary: 'The MQTT broker does not let this client publish on the topic.',
    remedy: 'Allow the client to write below `mqtt.baseTopic` in the access rules of the broker. The message is kept.',
  },
  MQTT_MESSAGE_TOO_LARGE: {
    consequence: 'degraded',
    summary: 'The message is larger than the MQTT broker accepts.',
    remedy: 'Raise the message or packet size limit of the broker. The message is kept.',
  },
  MQTT_QUOTA: {
    consequence: 'degraded',
    summary: 'The MQTT broker takes no more messages for now because a quota or rate limit is reached.',
    remedy: 'Raise the limit at the broker. The message is kept and tried again.',
  },
  MQTT_MESSAGE_REFUSED: {
    consequence: 'degraded',
    summary: 'The MQTT broker refused the message.',
    remedy: "Look at the broker's log for the reason. The message is kept and tried again.",
  },
  SPARKPLUG_DEVICE_AWAY: {
    consequence: 'degraded',
    summary: 'The camera or the PLC of the station is away, so Sparkplug hosts hold its device for dead.',
    remedy: 'The message is kept and goes out as history once the device is back.',
  },
  SPARKPLUG_RECORD_UNREADABLE: {
    consequence: 'degraded',
    summary: 'A message in the outbox is no inspection that can be read.',
    remedy: 'The message is kept. Run `jidoka db check`; the database may be damaged.',
  },
});
