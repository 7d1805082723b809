// What the browser needs to know; all else is as Jitsi Meet has it.
window.config = {
  hosts: { domain: '@NAME@', muc: 'conference.@NAME@', focus: 'focus.@NAME@' },
  bosh: 'https://@NAME@/http-bind',
  websocket: 'wss://@NAME@/xmpp-websocket',
  bridgeChannel: { preferSctp: true },
  enableWelcomePage: true,
  p2p: { enabled: true },
}
