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
    "source": "location = `view-source:${location}`",
    "source in a window": "window.open(`view-source:${location}`)",
    "file": "location = 'file:///etc/passwd'",
    "file in a window": "window.open('file:///etc/passwd')",
    "settings": "location = 'chrome://settings'",
    "version": "window.open('chrome://version')",
    "crash": "location = 'chrome://crash'",
    "developer tools": "location = 'devtools://devtools/bundled/inspector.html'",
    "search": "location = 'chrome-search://local-ntp/local-ntp.html'",
    "download by header": "location = '/ok/zip'",
    "download by link": "add('a', {href: '/ok/other', download: 'x.html'}).click()",
    "download of a blob": "add('a', {href: URL.createObjectURL(new Blob(['x'])), download: 'x.exe'}).click()",
    "download of data": "add('a', {href: 'data:text/plain,x', download: 'x.txt'}).click()",
    "pdf": "location = '/ok/pdf'",
    "print": "print()",
    "alerts": "for (let n = 0; n < 30; n++) { alert(n); confirm(n); prompt(n) }",
    "fullscreen": "await document.documentElement.requestFullscreen()",
    "pointer lock": "await document.body.requestPointerLock()",
    "keyboard lock": "await navigator.keyboard.lock()",
    "picture in picture": "const w = await documentPictureInPicture.requestWindow(); "
    "for (let n = 0; n < 300 && !w.closed; n++) await new Promise((y) => setTimeout(y, 20)); "
    "return w.closed ? 'closed' : 'open'",
    "notification": "if (await Notification.requestPermission() === 'granted') new Notification('x')",
    "place": "return await new Promise((y) => navigator.geolocation.getCurrentPosition(() => y('here'), "
    "({code}) => y(`code ${code}`)))",
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
    "hid": "return (await navigator.hid.requestDevice({filters: []})).length",
    "midi": "await navigator.requestMIDIAccess({sysex: true})",
    "share": "await navigator.share({url: EVIL})",
    "payment": "await new PaymentRequest([{supportedMethods: EVIL}], "
    "{total: {label: 'x', amount: {currency: 'GBP', value: '1'}}}).show()",
    "security key": "navigator.credentials.create({publicKey: {challenge: new Uint8Array(8), "
    "rp: {name: 'x'}, user: {id: new Uint8Array(8), name: 'x', displayName: 'x'}, "
    "pubKeyCredParams: [{alg: -7, type: 'public-key'}]}})",
    "account of another site": "await navigator.credentials.get({identity: {providers: "
    "[{configURL: `${location.origin}/ok/fedcm.json`, clientId: 'x'}]}})",
    "password": "return await navigator.credentials.get({password: true, mediation: 'required'})",
    "installing": "for (let n = 0; n < 100 && !window.installable; n++) "
    "await new Promise((y) => setTimeout(y, 20)); "
    "const later = new Promise((y) => setTimeout(y, 999)); "
    "await Promise.race([window.installable.prompt(), later])",
    "wake lock": "await navigator.wakeLock.request()",
    "moving the window": "window.moveTo(0, 0); window.resizeTo(1280, 800); window.focus()",
    "sign-in": "await fetch('/ok/who', {credentials: 'include'})",
    "sign-in of a picture": "add('img', {src: '/ok/who', style: 'opacity: 0'})",
    "speech": "new webkitSpeechRecognition().start()",
    "fonts": "return (await queryLocalFonts()).length",
    "eye dropper": "await new EyeDropper().open()",
    "screens": "await getScreenDetails()",
    "storage": "return await navigator.storage.persist()",
    "idle": "return await IdleDetector.requestPermission()",
    "casting": "await new PresentationRequest(EVIL).start()",
}
"""These have no effect that anybody could see: the page is as it was, and nothing stands before it.

Not here: a `javascript:` address, by which a page does nothing that its own scripts could not.
"""

MOVES = {
    "begging to stay": "onbeforeunload = (event) => event.preventDefault(); location.reload()",
    "password to keep": "const f = add('form', {action: '/ok/', method: 'post', style: 'opacity: 0'}); "
    "f.innerHTML = '<input name=user value=me><input type=password name=word value=secret123>'; "
    "setTimeout(() => f.submit(), 100)",
    "back in history": "setTimeout(() => history.back(), 100)",
    "forward in history": "setTimeout(() => history.forward(), 100)",
    "far in history": "setTimeout(() => history.go(-50), 100)",
}
"""These load the page or another of its own a moment after they have said so, and nothing else is seen."""

SAID = {
    "pointer lock": "WrongDocumentError",
    "picture in picture": "closed",
    "notification": "ReferenceError: Notification is not defined",
    "place": "code 1",  # denied
    "camera": "NotFoundError|NotAllowedError",
    "screen": "NotAllowedError",
    "clipboard, reading": "NotAllowedError",
    "clipboard, writing": "NotAllowedError",
    "file picker": "AbortError",
    "save picker": "AbortError",
    "folder picker": "AbortError",
    "usb": "NotFoundError: .* No device selected",
    "bluetooth": "TypeError: .*reading 'requestDevice'",
    "serial port": "NotFoundError: .* No port selected",
    "hid": "0",  # devices
    "midi": "NotAllowedError",
    "share": "TypeError: navigator.share is not a function",
    "payment": "AbortError",
    "account of another site": "NotSupportedError",
    "installing": "done|TypeError: .*reading 'prompt'",  # nothing was answered, or not even offered
    "wake lock": "NotAllowedError",
    "speech": "ReferenceError: webkitSpeechRecognition is not defined",
    "fonts": "0",
    "eye dropper": "AbortError",
    "screens": "NotAllowedError",
    "storage": "false",
    "idle": "denied",
    "casting": "NotFoundError",
}
"""What a script of STAYS hears in the kiosk, as the pattern of its beginning; of the others, “done”."""

WHOLE = "style: 'position: fixed; inset: 0; width: 100%; height: 100%; border: 0'"
FRAMES = {
    "of another host": f"add('iframe', {{src: EVIL, {WHOLE}}})",
    "sent to another host": f"add('iframe', {{src: '/ok/away', {WHOLE}}})",
    "that sends itself to another host": f"""add('iframe', {{{WHOLE},
        srcdoc: `<script>location = '${{EVIL}}'</scr` + 'ipt>'}})""",
    "outside the path": f"add('iframe', {{src: '/secret', {WHOLE}}})",
    "of an address": f"add('iframe', {{src: `https://127.0.0.1:${{TLS}}/`, {WHOLE}}})",
    "of a file": f"add('iframe', {{src: 'file:///etc/passwd', {WHOLE}}})",
    "of Chromium's": f"add('iframe', {{src: 'chrome://version', {WHOLE}}})",
    "object": f"add('object', {{data: EVIL, {WHOLE}}})",
    "embed": f"add('embed', {{src: EVIL, {WHOLE}}})",
    "pdf": f"add('iframe', {{src: '/ok/pdf', {WHOLE}}})",
    "pdf, embedded": f"add('embed', {{src: '/ok/pdf', type: 'application/pdf', {WHOLE}}})",
    "pdf, as an object": f"add('object', {{data: '/ok/pdf', type: 'application/pdf', {WHOLE}}})",
    "download": f"add('iframe', {{src: '/ok/zip', {WHOLE}}})",
}
"""Each of these fills the page with something that is not shown."""
