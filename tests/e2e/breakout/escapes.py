"""What a page can try after a finger has touched it, as scripts. EVIL is a host that the list does not name.

Each runs as the body of an async function with `EVIL`, `TLS`, `PLAIN` (ports of the witness) and `add`.
"""

from __future__ import annotations

PRELUDE = """const add = (kind, attributes) => {
    const node = Object.assign(document.createElement(kind), attributes);
    document.body.append(node);
    return node;
};"""

DOOR = {
    "location": "location = EVIL",
    "replace": "location.replace(EVIL)",
    "link": "add('a', {href: EVIL}).click()",
    "link to a new window": "add('a', {href: EVIL, target: '_blank'}).click()",
    "link without an opener": "add('a', {href: EVIL, target: '_blank', rel: 'noopener'}).click()",
    "open": "window.open(EVIL)",
    "popup": "window.open(EVIL, 'x', 'popup,width=300,height=200,left=0,top=0')",
    "popunder": "window.open(EVIL, 'y', 'popup')?.blur(); window.focus()",
    "open nothing": "window.open()?.document.write('<h1>hello</h1>')",
    "open a blank and move it": "const w = window.open('about:blank'); if (w) w.location = EVIL",
    "form": "add('form', {action: EVIL, method: 'post'}).submit()",
    "form to a new window": "add('form', {action: EVIL, target: '_blank'}).submit()",
    "refresh": "add('meta', {httpEquiv: 'refresh', content: `0;url=${EVIL}`})",
    "redirect": "location = '/ok/away'",
    "frame moves the top": "add('iframe', {hidden: true, "
    "srcdoc: `<script>top.location = '${EVIL}'</scr` + 'ipt>'})",
    "outside the path": "location = '/secret'",
    "almost the path": "location = '/okay/'",
    "dots": "location = '/ok/%2e%2e/secret'",
    "coded slash": "location = '/ok/..%2fsecret'",
    "push a path": "history.pushState(0, '', '/secret')",
    "replace a path": "history.replaceState(0, '', '/secret')",
    "push a path of the same prefix": "history.pushState(0, '', '/okay/')",
    "navigation api": "navigation.navigate(EVIL)",
    "plain http": "location = `http://trap.example:${PLAIN}/ok/`",
    "another port": "location = `https://trap.example:${TLS}/ok/`",
    "user name": "location = `https://trap.example@evil.example:${TLS}/`",
    "address": "location = `https://127.0.0.1:${TLS}/`",
    "localhost": "location = `http://localhost:${PLAIN}/`",
    "data in a window": "window.open('data:text/html,<h1>data</h1>')",
    "blob": "location = URL.createObjectURL(new Blob(['<h1>blob</h1>'], {type: 'text/html'}))",
    "blob in a window": "window.open(URL.createObjectURL(new Blob(['<h1>blob</h1>'], {type: 'text/html'})))",
    "javascript in a window": "window.open('javascript:1')",
    "blank": "location = 'about:blank'",
    "srcdoc": "location = 'about:srcdoc'",
    "extension": "location = 'chrome-extension://mhjfbmdgcfjbbpaeojofohoefgiehjai/index.html'",
    "mail": "location = 'mailto:a@evil.example'",
    "telephone": "location = 'tel:01234567890'",
    "intent": "location = 'intent://evil.example#Intent;scheme=https;end'",
    "own protocol": "navigator.registerProtocolHandler('web+x', '/ok/?%s'); location = 'web+x:y'",
    "ftp": "location = 'ftp://evil.example/'",
    "websocket address": "location = `wss://evil.example:${TLS}/`",
    "file elsewhere to keep": "add('a', {href: EVIL, download: 'x.zip'}).click()",
}
"""These meet the closed door, and behind it the page is as it was."""

STAYS = {
    "frame of another site moves the top": "add('iframe', {src: `${COUSIN}/mover`, hidden: true})",
    "data": "location = 'data:text/html,<h1>data</h1>'",
    "filesystem": "location = `filesystem:${location.origin}/temporary/x.html`",
    "javascript": "location = 'javascript:void 0'",
    "source": "location = `view-source:${location}`",
    "source in a window": "window.open(`view-source:${location}`)",
    "file": "location = 'file:///etc/passwd'",
    "file in a window": "window.open('file:///etc/passwd')",
    "settings": "location = 'chrome://settings'",
    "version": "window.open('chrome://version')",
    "crash": "location = 'chrome://crash'",
    "developer tools": "location = 'devtools://devtools/bundled/inspector.html'",
    "search": "location = 'chrome-search://local-ntp/local-ntp.html'",
    "redirect in a frame": "add('iframe', {src: '/ok/away', style: 'display: none'})",
    "frame": "add('iframe', {src: EVIL, style: 'display: none'})",
    "download by header": "location = '/ok/zip'",
    "download by link": "add('a', {href: '/ok/other', download: 'x.html'}).click()",
    "download of a blob": "add('a', {href: URL.createObjectURL(new Blob(['x'])), download: 'x.exe'}).click()",
    "download of data": "add('a', {href: 'data:text/plain,x', download: 'x.txt'}).click()",
    "pdf": "location = '/ok/pdf'",
    "print": "print()",
    "alerts": "for (let n = 0; n < 30; n++) { alert(n); confirm(n); prompt(n) }",
    "begging to stay": "onbeforeunload = (event) => event.preventDefault(); location.reload()",
    "fullscreen": "await document.documentElement.requestFullscreen()",
    "pointer lock": "await document.body.requestPointerLock()",
    "keyboard lock": "await navigator.keyboard.lock()",
    "picture in picture": "await documentPictureInPicture.requestWindow()",
    "notification": "if (await Notification.requestPermission() === 'granted') new Notification('x')",
    "place": "await new Promise((y, n) => navigator.geolocation.getCurrentPosition(y, n))",
    "camera": "await navigator.mediaDevices.getUserMedia({video: true, audio: true})",
    "screen": "await navigator.mediaDevices.getDisplayMedia()",
    "clipboard, reading": "await navigator.clipboard.readText()",
    "clipboard, writing": "await navigator.clipboard.writeText('x')",
    "file input": "add('input', {type: 'file', hidden: true}).click()",
    "file picker": "await showOpenFilePicker()",
    "save picker": "await showSaveFilePicker()",
    "folder picker": "await showDirectoryPicker()",
    "colour picker": "add('input', {type: 'color', style: 'opacity: 0'}).showPicker()",
    "date picker": "add('input', {type: 'date', style: 'opacity: 0'}).showPicker()",
    "list": "const s = add('select', {style: 'opacity: 0'}); s.append(new Option('x')); s.showPicker()",
    "usb": "await navigator.usb.requestDevice({filters: []})",
    "bluetooth": "await navigator.bluetooth.requestDevice({acceptAllDevices: true})",
    "serial port": "await navigator.serial.requestPort()",
    "hid": "await navigator.hid.requestDevice({filters: []})",
    "midi": "await navigator.requestMIDIAccess({sysex: true})",
    "share": "await navigator.share({url: EVIL})",
    "payment": "await new PaymentRequest([{supportedMethods: EVIL}], "
    "{total: {label: 'x', amount: {currency: 'GBP', value: '1'}}}).show()",
    "security key": "navigator.credentials.create({publicKey: {challenge: new Uint8Array(8), "
    "rp: {name: 'x'}, user: {id: new Uint8Array(8), name: 'x', displayName: 'x'}, "
    "pubKeyCredParams: [{alg: -7, type: 'public-key'}]}})",
    "account of another site": "await navigator.credentials.get({identity: {providers: "
    "[{configURL: '/ok/fedcm.json', clientId: 'x'}]}})",
    "password": "await navigator.credentials.get({password: true, mediation: 'required'})",
    "password to keep": "const f = add('form', {action: '/ok/', method: 'post', style: 'opacity: 0'}); "
    "f.innerHTML = '<input name=user value=me><input type=password name=word value=secret123>'; "
    "setTimeout(() => f.submit(), 100)",
    "installing": "await window.installable?.prompt()",
    "wake lock": "await navigator.wakeLock.request()",
    "moving the window": "window.moveTo(0, 0); window.resizeTo(1280, 800); window.focus()",
    "sign-in": "await fetch('/ok/who', {credentials: 'include'})",
    "speech": "new webkitSpeechRecognition().start()",
    "fonts": "await queryLocalFonts()",
    "eye dropper": "await new EyeDropper().open()",
    "screens": "await getScreenDetails()",
    "storage": "await document.requestStorageAccess(); await navigator.storage.persist()",
    "idle": "await IdleDetector.requestPermission()",
    "casting": "await new PresentationRequest(EVIL).start()",
    "back in history": "setTimeout(() => history.back(), 100)",
    "forward in history": "setTimeout(() => history.forward(), 100)",
    "far in history": "setTimeout(() => history.go(-50), 100)",
}
"""These have no effect that anybody could see: the page is as it was, and nothing stands before it."""
