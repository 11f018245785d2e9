// Runs in every document before the page's own scripts, in a world of its own that the page cannot reach.
// It takes away what no policy takes away: menus, shortcuts, dragging, other windows. It decides nothing: where
// a page sets out for what Chromium's policy would refuse, it holds the page back and asks (`kioskHeld`).
((listed) => {
  const style = (rules) => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(rules);
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  };
  // An error, Chromium's own or one that slipped past the gate: nobody should see it (H2).
  const own = location.protocol === 'chrome-error:';
  if (own || performance.getEntriesByType('navigation')[0]?.responseStatus >= 400)
    style(':root { background: #FBF3E4 !important } body { display: none !important }');
  if (own) return;
  const refuse = (event) => { event.preventDefault(); event.stopImmediatePropagation(); };
  const first = { capture: true, passive: false };
  for (const name of ['contextmenu', 'dragstart', 'drop', 'auxclick']) addEventListener(name, refuse, first);
  addEventListener('mousedown', (event) => { if (event.button > 0) refuse(event); }, first);
  addEventListener('wheel', (event) => { if (event.ctrlKey) refuse(event); }, first);  // zoom

  // No page begs to stay: its question would stand on the glass.
  addEventListener('beforeunload', (event) => event.stopImmediatePropagation(), first);

  // Letters, digits and arrows are the page's; whatever a browser makes a command of is nobody's.
  addEventListener('keydown', (event) => {
    const chord = event.ctrlKey || event.altKey || event.metaKey;
    const command = /^(F\d+|Escape|Browser.*|Launch.*|ContextMenu|Print.*|Help|Pause|Open|Find)$/.test(event.key);
    if (chord || command || (event.key === 'Tab' && event.ctrlKey)) refuse(event);
  }, first);

  // A link or a form that asks for another window gets this one.
  const stay = (event) => {
    for (const node of [...event.composedPath(), ...document.querySelectorAll('base')]) {
      const target = node.nodeType === 1 ? node.getAttribute('target') : null;
      const here = !target || /^_(self|parent|top)$/i.test(target) || document.getElementsByName(target).length;
      if (!here) node.setAttribute('target', '_top');
    }
    if (event.type === 'click' && (event.ctrlKey || event.shiftKey || event.metaKey)) refuse(event);
  };
  addEventListener('click', stay, first);
  addEventListener('submit', stay, first);

  // Otherwise Chromium would put its error page in the page's place, and not every page comes back from there.
  // `listed` is the policy's own list; what is done with what is not on it, the guardian decides.
  const pages = new RegExp(listed);
  if (window.parent === window) navigation.addEventListener('navigate', (event) => {
    const within = event.hashChange || event.navigationType === 'traverse' || event.navigationType === 'reload';
    if (within || !event.cancelable || (pages.test(event.destination.url) && event.downloadRequest === null)) return;
    refuse(event);
    if (event.downloadRequest === null) kioskHeld(event.destination.url.slice(0, 2000));
  });

  style(`
    :root { overscroll-behavior: none !important; touch-action: pan-x pan-y !important }  /* no pinch */
    /* Where nothing can show a file, Chromium puts its own name and a button there. */
    embed, object:not([type^="image/"]) { display: none !important }
    *:not(input, textarea, [contenteditable]) {
      -webkit-user-select: none !important; -webkit-user-drag: none !important;
    }
  `);
})
