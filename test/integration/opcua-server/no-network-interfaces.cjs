// As in the hardened systemd unit, which has no AF_NETLINK: whoever asks for the network's interfaces gets an error.
const os = require('node:os');

os.networkInterfaces = () => {
  throw new Error('uv_interface_addresses returned Unknown system error 97');
};
