'use strict';
/* Decisions on labels. Cards are built for one page of the list at a time. */
function cell(text) { return /[",\r\n]/.test(text) ? '"' + text.replace(/"/g, '""') + '"' : text; }
function overrides(pictures, decisions) {
  const lines = ['name,label'];
  for (const p of pictures) {
    const label = decisions[p.name];
    if (label && label !== 'keep') lines.push(cell(p.name) + ',' + label);
  }
  return lines.join('\n') + '\n';
}
function chosen(pictures, verdict, given) {
  return pictures.filter(p => (!verdict || p.verdict === verdict) && (!given || p.given === given));
}
if (typeof document !== 'undefined') {
  const data = JSON.parse(document.getElementById('pictures').textContent);
  const key = 'ferdesk-audit-' + data.key, PER_PAGE = 60;
  const $ = id => document.getElementById(id);
  let decisions = {}, page = 0;
  try { decisions = JSON.parse(localStorage.getItem(key)) || {}; } catch (e) { /* in memory only */ }
  function make(kind, text, parent) {
    const e = document.createElement(kind);
    if (text) e.textContent = text;
    if (parent) parent.append(e);
    return e;
  }
  function decide(p, value, card) {
    if (decisions[p.name] === value || !value) delete decisions[p.name];
    else decisions[p.name] = value;
    try { localStorage.setItem(key, JSON.stringify(decisions)); } catch (e) { /* full or refused */ }
    card.replaceWith(build(p));
    count();
  }
  function build(p) {
    const li = make('li'), now = decisions[p.name];
    if (now) li.className = 'marked';
    const img = make('img', '', li);
    img.src = 'data:image/jpeg;base64,' + p.jpeg; img.alt = p.name; img.loading = 'lazy';
    make('b', p.given + ' → ' + p.suggested, li); make('br', '', li);
    make('span', 'given ' + (100 * p.probability).toFixed(1) + ' %, suggested ' +
      (100 * p.other).toFixed(1) + ' %', li); make('br', '', li);
    if (p.same.length) {
      make('span', 'copies: ' + p.same.join(', '), li); make('br', '', li);
    }
    make('span', p.name, li).className = 'name';
    const box = make('div', '', li);
    box.className = 'choices';
    for (const [text, value] of
      [['keep', 'keep'], ['drop', 'drop'], ['change to ' + p.suggested, p.suggested]]) {
      if (value === p.given) continue;
      const b = make('button', text, box);
      b.type = 'button'; b.setAttribute('aria-pressed', String(now === value));
      b.onclick = () => decide(p, value, li);
    }
    const s = make('select', '', box);
    s.setAttribute('aria-label', 'other label');
    make('option', 'change to…', s).value = '';
    for (const c of data.classes) if (c !== p.given) make('option', c, s).value = c;
    s.value = data.classes.includes(now) ? now : '';
    s.onchange = () => decide(p, s.value, li);
    return li;
  }
  function count() {
    $('decided').textContent = Object.keys(decisions).length + ' decided';
  }
  function show() {
    const list = chosen(data.pictures, $('verdict').value, $('given').value);
    const pages = Math.max(1, Math.ceil(list.length / PER_PAGE));
    page = Math.min(Math.max(page, 0), pages - 1);
    $('cards').replaceChildren(
      ...list.slice(page * PER_PAGE, (page + 1) * PER_PAGE).map(build));
    $('page').textContent = list.length + ' pictures, page ' + (page + 1) + ' of ' + pages;
    $('before').disabled = page === 0; $('after').disabled = page === pages - 1;
    count();
  }
  for (const id of ['verdict', 'given']) $(id).onchange = () => { page = 0; show(); };
  $('before').onclick = () => { page--; show(); };
  $('after').onclick = () => { page++; show(); scrollTo(0, $('cards').offsetTop - 80); };
  $('save').onclick = () => {
    const a = make('a');
    a.href = URL.createObjectURL(new Blob([overrides(data.pictures, decisions)], {type: 'text/csv'}));
    a.download = 'overrides.csv'; a.click();
    setTimeout(() => URL.revokeObjectURL(a.href), 1000);
  };
  show();
}
