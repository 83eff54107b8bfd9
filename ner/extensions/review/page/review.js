"use strict";
// A decision is shown at once and sent in its turn; the page says that it is saved when the server
// has it on the disk, and goes back to what the server knows where it has not.

const ROW = 32; // pixels of a row of the list
const AROUND = 2; // sentences of the document before and after
const UNSURE = 0.3; // doubt from which on a word is underlined
const POLL = 1000; // milliseconds between two looks at how far the model is
const SHOWN_PLACES = 200;

let project = null;
let types = [];
let statuses = [];
const counts = { a: 0, c: 0, o: 0 }; // of each
let ids = []; // of sentences, in the order
let at = 0; // in it
let sentence = null;
let chosen = { start: 0, end: 0 };
const cache = new Map(); // sentences as they are shown
const known = new Map(); // and as the server has them
let saving = Promise.resolve();
let pending = 0;
let turn = 0; // decisions of an earlier turn are given up
let dragging = false;

// --- requests -----------------------------------------------------------------------------------

async function ask(path, body) {
  const how = body === undefined ? {} : {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Review": project.id },
    body: JSON.stringify(body),
  };
  const answer = await fetch(`api/${path}`, how).catch(() => {
    throw new Error("The server does not answer; is ner review still running?");
  });
  if (answer.ok) return answer.json();
  const problem = await answer.json().catch(() => ({}));
  const error = new Error(problem.detail || `The server answers ${answer.status}.`);
  error.sentences = problem.sentences || [];
  throw error;
}

function complain(error) {
  $("error").textContent = error.message;
  $("error").hidden = false;
}

function take(fresh) {
  known.set(fresh.id, structuredClone(fresh));
  if (!cache.has(fresh.id)) cache.set(fresh.id, {});
  Object.assign(cache.get(fresh.id), prepared(fresh));
}

async function load(wanted) {
  const missing = wanted.filter((id) => !cache.has(id));
  if (!missing.length) return;
  const { sentences } = await ask("sentences", { ids: missing });
  sentences.forEach(take);
}

// --- saving -------------------------------------------------------------------------------------

function decide(change) {
  Object.assign(sentence, change);
  const { id } = sentence;
  const entities = sentence.entities.map(({ start, end, label, layer }) => ({ start, end, label, layer: layer || "" }));
  const body = { id, entities, accepted: sentence.accepted, note: sentence.note };
  setStatus(id, sentence.accepted ? "a" : "c");
  change.entities && draw();
  const version = () => known.get(id)?.version ?? 0; // one that was forgotten has changed elsewhere
  return inTurn(() => ask("decide", { changes: [{ ...body, version: version() }] }), id);
}

function inTurn(request, id = null) {
  const mine = turn;
  pending += 1;
  $("saved").textContent = "Saving …";
  saving = saving.then(async () => {
    if (mine !== turn) {
      revert(id);
      return null;
    }
    const answer = await request();
    $("error").hidden = true;
    took(answer, pending === 1);
    return answer;
  }).catch((error) => goBack(error, id)).finally(() => {
    pending -= 1;
    if (!pending && $("error").hidden) $("saved").textContent = "Saved";
  });
  return saving;
}

function took(answer, isLast) {
  for (const [id, status] of Object.entries(answer.changed)) {
    if (isLast) setStatus(Number(id), status);
    if (!answer.sentences.some((fresh) => fresh.id === Number(id))) forget(Number(id));
  }
  for (const fresh of answer.sentences) {
    if (isLast || !cache.has(fresh.id)) take(fresh);
    else known.set(fresh.id, structuredClone(fresh));
  }
  setTypes(answer.types);
  $("undo").disabled = !answer.can_undo;
  $("redo").disabled = !answer.can_redo;
  if (isLast) drawAll();
}

function forget(id) {
  if (id === sentence.id) return;
  cache.delete(id);
  known.delete(id);
}

// What was shown and could not be saved is not shown any more.
function goBack(error, id) {
  turn += 1;
  $("saved").textContent = "Not saved";
  complain(error);
  (error.sentences || []).forEach(take);
  revert(id);
}

function revert(id) {
  const last = known.get(id);
  if (last) {
    take(last);
    setStatus(id, last.status);
  }
  drawAll();
}

function setStatus(id, status) {
  counts[statuses[id]] -= 1;
  counts[status] += 1;
  statuses[id] = status;
  drawSoon();
}

async function step(which) {
  const answer = await inTurn(() => ask(which, {}));
  if (!answer || !answer.sentences.length) return;
  if (!answer.changed[sentence.id]) await show(answer.sentences[0].id);
  tell(`${which === "undo" ? "Undone" : "Done again"}: ${several(Object.keys(answer.changed).length, "sentence")}.`);
}

// --- entities -----------------------------------------------------------------------------------

const contains = (outer, inner) => outer.start <= inner.start && inner.end <= outer.end;
const overlap = (one, other) => one.start < other.end && other.start < one.end;
const same = (one, other) => one.start === other.start && one.end === other.end;
const sameLayer = (one, other) => (one.layer || "") === (other.layer || "");
const smallest = (found) => found.sort((a, b) => a.end - a.start - (b.end - b.start))[0];

const current = () => smallest(sentence.entities.filter((entity) => contains(entity, chosen)));
const exact = () => sentence.entities.find((entity) => same(entity, chosen));

function proposals() {
  const reasons = sentence.reasons.filter((reason) => reason.proposed).map((reason) => reason.proposed);
  const all = [...sentence.proposals, ...reasons.filter((r) => !sentence.proposals.some((p) => same(p, r) && layered(p) === layered(r)))];
  return all.filter((p) => !sentence.entities.some((e) => same(e, p) && layered(e) === layered(p)))
    .map((p) => ({ ...p, proposal: true }));
}

const without = (entities, other) => entities.filter((e) => !(sameLayer(e, other) && overlap(e, other)));

function label({ label: name, layer }) {
  const own = smallest(sentence.entities.filter((e) => sameLayer(e, { layer }) && contains(e, chosen)));
  const made = { ...(own || chosen), label: name, layer: layer || "" };
  chosen = { start: made.start, end: made.end };
  decide({ entities: [...without(sentence.entities, made), made] });
  tell(`${words(made)}: ${layered(made)}`);
}

function remove() {
  const gone = current();
  if (!gone) return tell("There is no entity here.");
  decide({ entities: sentence.entities.filter((entity) => entity !== gone) });
  tell(`${words(gone)}: no entity`);
}

function adopt(wanted) {
  if (!wanted.length) return tell("Nothing is proposed here.");
  let { entities } = sentence;
  for (const { start, end, label: name, layer } of wanted) {
    const made = { start, end, label: name, layer: layer || "" };
    entities = [...without(entities, made), made];
  }
  decide({ entities });
  tell(`${grouped(wanted.length)} taken`);
}

function proposedHere() {
  const near = proposals().filter((proposal) => overlap(proposal, chosen));
  return smallest(near.filter((p) => contains(p, chosen))) || near[0];
}

function move(side, forward, byCharacter) {
  const entity = exact();
  const place = moved(chosen[side], side, forward, byCharacter);
  const next = { ...chosen, [side]: place };
  if (next.start >= next.end) return;
  if (entity && sentence.entities.some((e) => e !== entity && sameLayer(e, entity) && overlap(e, next))) {
    return tell("Another entity stands there.");
  }
  chosen = next;
  if (entity) decide({ entities: sentence.entities.map((e) => (e === entity ? { ...e, ...next } : e)) });
  else draw();
  tell(words(chosen));
}

function moved(place, side, forward, byCharacter) {
  const stops = sentence.places.flatMap(({ start, end }) => {
    if (!byCharacter) return [side === "start" ? start : end];
    const count = end - start;
    return Array.from({ length: count }, (_, i) => start + i + (side === "start" ? 0 : 1));
  });
  if (forward) return stops.find((stop) => stop > place) ?? place;
  return stops.filter((stop) => stop < place).pop() ?? place;
}

function choose(start, end) {
  chosen = { start, end };
  draw();
  const entity = exact();
  const doubt = sentence.doubts[sentence.places.findIndex((p) => p.start === start)];
  const told = [words(chosen), entity && layered(entity), doubt >= UNSURE && `doubt ${percent(doubt)}`];
  tell(told.filter(Boolean).join(", "));
}

function words({ start, end }) {
  return textOf(sentence, start, end, [], () => "").map((node) => node.textContent).join("").trim();
}

function walk(forward) {
  const edge = forward ? chosen.end : chosen.start;
  const places = sentence.places.filter((p) => (forward ? p.start >= edge : p.end <= edge));
  const next = forward ? places[0] : places[places.length - 1];
  if (next) choose(next.start, next.end);
}

function leap(forward) {
  const all = [...sentence.entities, ...proposals()].sort(byPlace);
  const next = forward
    ? all.find((e) => e.start > chosen.start || (e.start === chosen.start && e.end < chosen.end))
    : all.filter((e) => e.start < chosen.start).pop();
  if (next) choose(next.start, next.end);
}

function accept() {
  decide({ accepted: true, entities: sentence.entities });
  const count = ids.length;
  for (let i = 1; i <= count; i++) {
    if (statuses[ids[(at + i) % count]] !== "a") return go((at + i) % count);
  }
  tell("All sentences of this order are accepted.");
}

// --- the mouse ----------------------------------------------------------------------------------

function placeOf(node, offset) {
  const inText = node.nodeType === Node.TEXT_NODE;
  const near = inText ? node.parentElement : node.childNodes[offset] || node.lastChild || node;
  const span = near.closest?.("[data-from]") || near.querySelector?.("[data-from]");
  if (!span || !$("sentence").contains(span)) return null;
  return Number(span.dataset.from) + (inText ? length(node.data.slice(0, offset)) : 0);
}

function placeAt(x, y) {
  const found = document.caretPositionFromPoint?.(x, y);
  if (found) return placeOf(found.offsetNode, found.offset);
  const range = document.caretRangeFromPoint?.(x, y);
  return range ? placeOf(range.startContainer, range.startOffset) : null;
}

function snapped(start, end, byCharacter) {
  const inside = sentence.places.filter((p) => p.start < Math.max(end, start + 1) && start < p.end);
  if (!inside.length) return null;
  const [first, last] = [inside[0], inside[inside.length - 1]];
  if (!byCharacter) return { start: first.start, end: last.end };
  return { start: Math.max(start, first.start), end: Math.min(Math.max(end, start + 1), last.end) };
}

function selected(event) {
  const selection = document.getSelection();
  if (!selection.rangeCount || dragging) return;
  const range = selection.getRangeAt(0);
  const ends = [placeOf(range.startContainer, range.startOffset), placeOf(range.endContainer, range.endOffset)];
  if (ends[0] === null) return;
  const { isCollapsed } = selection;
  selection.removeAllRanges();
  const found = snapped(ends[0], isCollapsed ? ends[0] : ends[1] ?? ends[0], event.altKey && !isCollapsed);
  if (!found) return;
  const own = isCollapsed && smallest(sentence.entities.filter((e) => contains(e, found) || contains(found, e)));
  choose((own || found).start, (own || found).end);
}

function drag(event) {
  const side = event.target.dataset.side;
  const entity = exact();
  if (!side || !entity) return;
  event.preventDefault();
  dragging = true;
  const before = { ...chosen };
  const follow = ({ clientX, clientY, altKey }) => {
    const place = placeAt(clientX, clientY);
    if (place === null) return;
    const found = side === "start" ? snapped(place, before.end, altKey) : snapped(before.start, place, altKey);
    if (!found || sentence.entities.some((e) => e !== entity && sameLayer(e, entity) && overlap(e, found))) return;
    [entity.start, entity.end] = [found.start, found.end];
    chosen = found;
    draw();
  };
  const end = () => {
    removeEventListener("pointermove", follow);
    setTimeout(() => { dragging = false; }); // behind what else hears of this
    if (!same(before, chosen)) decide({ entities: [...sentence.entities] });
  };
  addEventListener("pointermove", follow);
  addEventListener("pointerup", end, { once: true });
}

// --- drawing ------------------------------------------------------------------------------------

const tell = (text) => { $("told").textContent = text; };

function draw() {
  const inside = (place) => place >= chosen.start && place < chosen.end;
  const entity = exact();
  const unknown = new Set(sentence.unknown);
  const style = (place, number) => [
    !entity && inside(place) && "chosen",
    sentence.doubts[number] >= UNSURE && "unsure",
    unknown.has(number) && "unknown",
  ].filter(Boolean).join(" ");
  const score = (e) => sentence.proposals.find((p) => same(p, e) && layered(p) === layered(e))?.score;
  const shown = sentence.entities.map((e) => ({ ...e, score: score(e), style: e === entity ? "current" : "" }));
  const nodes = drawSentence(sentence, [...shown, ...proposals()], types, [chosen.start, chosen.end], style);
  $("sentence").replaceChildren(...nodes);
  $("sentence").classList.toggle("accepted", sentence.accepted);
  const marks = document.querySelectorAll("#sentence mark.current");
  if (marks.length) {
    marks[0].prepend(element("span", { class: "grip", "data-side": "start" }));
    marks[marks.length - 1].append(element("span", { class: "grip", "data-side": "end" }));
  }
}

function drawAll() {
  draw();
  drawTypes();
  drawSoon();
  const unread = project.ready !== null && !sentence.doubts.length;
  $("where").textContent =
    `${sentence.place}, sentence ${grouped(at + 1)} of ${grouped(ids.length)}${unread ? " · the model has not read it yet" : ""}`;
  if (document.activeElement !== $("note")) $("note").value = sentence.note;
  $("take").disabled = !proposals().length;
  $("reasons").hidden = !sentence.reasons.length;
  $("reasons").replaceChildren(...sentence.reasons.map(drawReason));
  drawContext();
}

function drawReason({ kind, score, reason, labelled, proposed }) {
  const side = (told, entity) => (entity ? [`${told} `, words(entity), ` (${layered(entity)})`].join("") : "");
  const told = [side("labelled", labelled), side("proposed", proposed), reason].filter(Boolean).join("; ");
  return element("li", {}, `${kind}, ${score.toFixed(2)}${told && ": "}${told}`);
}

function drawContext() {
  const near = (from, to) => Array.from({ length: to - from }, (_, i) => from + i)
    .filter((id) => id >= 0 && id < project.count && cache.get(id)?.document === sentence.document)
    .map((id) => {
      const other = cache.get(id);
      const end = other.places[other.places.length - 1].end;
      const text = textOf(other, 0, end, [], () => "").map((node) => node.textContent).join("");
      const made = element("span", { "data-id": id }, text);
      return [made, " "];
    }).flat();
  $("before").replaceChildren(...near(sentence.id - AROUND, sentence.id));
  $("after").replaceChildren(...near(sentence.id + 1, sentence.id + 1 + AROUND));
}

function setTypes(fresh) {
  const changed = fresh.length !== types.length;
  types = fresh;
  if (changed) drawTypes();
}

function drawTypes() {
  if ($("types").children.length === types.length) return;
  $("types").replaceChildren(...types.map((type, number) => {
    const key = number < 10 ? [element("kbd", {}, String((number + 1) % 10))] : [];
    const made = element("button", { type: "button" }, ...key, element("mark", { class: `t${number}` }, layered(type)));
    made.addEventListener("click", () => { label(type); $("sentence").focus(); });
    return made;
  }));
  $("names").replaceChildren(...types.map((type) => element("option", { value: layered(type) })));
  const before = $("kind").value;
  $("kind").replaceChildren(...types.map((type) => element("option", {}, layered(type))));
  if (before) $("kind").value = before;
}

function drawProgress() {
  $("progress").max = project.count;
  $("progress").value = counts.a;
  const changed = counts.c ? `, ${grouped(counts.c)} changed and open` : "";
  $("progress-text").textContent = `${grouped(counts.a)} of ${grouped(project.count)} accepted${changed}`;
}

let soon = 0;
function drawSoon() {
  soon ||= requestAnimationFrame(() => {
    soon = 0;
    drawRows();
    drawProgress();
  });
}

function drawRows() {
  const home = $("list");
  $("rows").style.height = `${ids.length * ROW}px`;
  const first = Math.max(0, Math.floor(home.scrollTop / ROW) - 5);
  const last = Math.min(ids.length, Math.ceil((home.scrollTop + home.clientHeight) / ROW) + 5);
  const shown = ids.slice(first, last);
  $("rows").replaceChildren(...shown.map((id, i) => {
    const text = cache.get(id)?.tokens.slice(0, 20).join(" ") || "…";
    const names = { a: "accepted", c: "changed", o: "open" };
    const made = element("div", {
      role: "option", id: `row-${id}`, class: statuses[id], "data-at": first + i, "aria-setsize": ids.length,
      "aria-posinset": first + i + 1, "aria-selected": String(first + i === at),
      "aria-label": `${grouped(first + i + 1)}, ${names[statuses[id]]}: ${text}`,
    }, `${grouped(first + i + 1)} ${text}`);
    made.style.top = `${(first + i) * ROW}px`;
    return made;
  }));
  home.setAttribute("aria-activedescendant", `row-${ids[at]}`);
  fill(shown);
}

let filling = false;
async function fill(shown) {
  if (filling || shown.every((id) => cache.has(id))) return;
  filling = true;
  try {
    await load(shown);
  } catch (error) {
    complain(error);
    return; // not again and again
  } finally {
    filling = false;
  }
  drawRows();
}

// --- going about --------------------------------------------------------------------------------

async function show(id) {
  const place = ids.indexOf(id);
  if (place >= 0) at = place;
  const near = Array.from({ length: 2 * AROUND + 1 }, (_, i) => id - AROUND + i);
  const next = ids[at + 1];
  const wanted = [...near, next].filter((one) => one >= 0 && one < project.count);
  try {
    await load([...new Set(wanted)]);
  } catch (error) {
    return complain(error);
  }
  sentence = cache.get(id);
  const [first] = [...sentence.entities, ...sentence.places].sort(byPlace);
  chosen = { start: first.start, end: first.end };
  reveal();
  drawAll();
  tell(`Sentence ${grouped(at + 1)}, ${sentence.status === "a" ? "accepted" : "open"}: ${words({ start: 0, end: Infinity })}`);
}

const go = (place) => show(ids[Math.min(Math.max(place, 0), ids.length - 1)]);

function reveal() {
  const home = $("list");
  const [top, bottom] = [at * ROW, (at + 1) * ROW];
  if (top < home.scrollTop) home.scrollTop = top;
  if (bottom > home.scrollTop + home.clientHeight) home.scrollTop = bottom - home.clientHeight;
}

async function setOrder(name) {
  const found = await ask(`order?by=${name}`);
  if (!found.ids.length) {
    $("order").value = "file";
    tell("Nothing is to be looked at in this order.");
    $("model").textContent = "no disagreement";
    return setOrder("file");
  }
  ids = found.ids;
  const open = ids.findIndex((id) => statuses[id] !== "a");
  await go(open < 0 ? 0 : open);
}

async function watchModel() {
  const { ready, failed } = await ask("state").catch(() => ({ ready: null }));
  if (ready === null) return;
  $("model").textContent = failed ? `The model failed: ${failed}`
    : ready < project.count ? `model: ${grouped(ready)} of ${grouped(project.count)}` : "";
  for (const [id, other] of pending ? [] : cache) if (!other.doubts.length) forget(id);
  if (!sentence.doubts.length && !pending && sentence.id < ready) {
    const { sentences: [fresh] } = await ask("sentences", { ids: [sentence.id] });
    if (!pending && fresh.version === sentence.version) {
      take(fresh);
      drawAll();
    }
  }
  if (ready < project.count && !failed) setTimeout(watchModel, POLL);
  else if (["doubt", "disagreement"].includes($("order").value)) setOrder($("order").value);
}

// --- dialogs ------------------------------------------------------------------------------------

function typeNamed(text) {
  const [layer, name] = text.includes(":") ? text.split(/:(.*)/s) : ["", text];
  return { layer, label: name };
}

function nameType() {
  $("name").value = "";
  $("naming").returnValue = "";
  $("naming").showModal();
}

function named() {
  const name = $("name").value.trim();
  if ($("naming").returnValue === "use" && name) label(typeNamed(name));
  $("sentence").focus();
}

function find() {
  $("wanted").value = words(chosen);
  if (exact()) $("kind").value = layered(exact());
  $("finding").showModal();
  search();
}

const wanted = () => ({ text: $("wanted").value, case: $("case").checked });

async function search() {
  try {
    const { total, places } = await ask("search", wanted());
    const shown = places.slice(0, SHOWN_PLACES);
    await load([...new Set(shown.map((place) => place.id))]);
    const more = total > shown.length ? `, of which ${grouped(shown.length)} are shown` : "";
    $("places-told").textContent = `${several(total, "place")}${more}`;
    $("places").replaceChildren(...shown.map(drawPlace));
  } catch (error) {
    $("places-told").textContent = error.message;
    $("places").replaceChildren();
  }
}

function drawPlace({ id, start, end, labels }) {
  const other = cache.get(id);
  const text = (from, to) => textOf(other, from, to, [start, end], () => "").map((node) => node.textContent).join("");
  const last = other.places[other.places.length - 1].end;
  const made = element("li", { tabindex: "0" },
    `…${text(Math.max(0, start - 40), start)}`, element("b", {}, text(start, end)),
    `${text(end, Math.min(last, end + 40))}… ${labels.join(", ")}`);
  const follow = async () => {
    $("finding").close();
    await show(id);
    choose(start, end);
    $("sentence").focus();
  };
  made.addEventListener("click", follow);
  made.addEventListener("keydown", (event) => event.key === "Enter" && follow());
  return made;
}

async function labelAll(name) {
  const body = { ...wanted(), ...typeNamed(name), replace: $("replace").checked };
  const answer = await inTurn(() => ask("label", body));
  await search();
  const count = answer ? Object.keys(answer.changed).length : 0;
  $("places-told").textContent += ` · ${several(count, "sentence")} changed`;
}

async function write() {
  try {
    await saving;
    const { out, sentences } = await ask("write", {});
    $("written").textContent = sentences ? `${several(sentences, "sentence")} written to ${out}.`
      : "No sentence is accepted; nothing was written.";
  } catch (error) {
    $("written").textContent = error.message;
  }
}

async function copy() {
  await navigator.clipboard.writeText(project.command);
  $("written").textContent = "Copied.";
}

async function save() {
  await saving;
  const answer = await fetch(`api/export?format=${$("format").value}`);
  if (!answer.ok) {
    $("written").textContent = (await answer.json()).detail;
    return;
  }
  const [, name] = answer.headers.get("content-disposition").match(/filename="(.*)"/);
  const link = element("a", { href: URL.createObjectURL(await answer.blob()), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

// --- keys ---------------------------------------------------------------------------------------

const KEYS = {
  e: (event) => leap(!event.shiftKey),
  t: nameType,
  p: (event) => adopt(event.shiftKey ? proposals() : [proposedHere()].filter(Boolean)),
  u: (event) => step(event.shiftKey ? "redo" : "undo"),
  f: find,
  "/": find,
  n: () => $("note").focus(),
  "?": () => $("keys").showModal(),
  delete: remove,
  backspace: remove,
  enter: accept,
  arrowdown: () => go(at + 1),
  arrowup: () => go(at - 1),
};

function pressed(event) {
  const { key, ctrlKey, metaKey, shiftKey, altKey, target } = event;
  if (!sentence || document.querySelector("dialog[open]") || target.matches("input, textarea, select")) return;
  if (target.matches("button, summary") && (key === "Enter" || key === " ")) return;
  const command = ctrlKey || metaKey;
  let act = null;
  if (key === "ArrowLeft" || key === "ArrowRight") {
    const forward = key === "ArrowRight";
    act = shiftKey ? () => move("end", forward, altKey)
      : command ? () => move("start", forward, altKey) : altKey ? null : () => walk(forward);
  } else if (command) {
    act = { z: () => step(shiftKey ? "redo" : "undo"), y: () => step("redo") }[key.toLowerCase()];
  } else if (/^[0-9]$/.test(key) && !altKey) {
    const type = types[(Number(key) + 9) % 10];
    act = type ? () => label(type) : null;
  } else if (!altKey) {
    act = KEYS[key.toLowerCase()];
  }
  if (!act) return;
  event.preventDefault();
  act(event);
}

// --- the beginning ------------------------------------------------------------------------------

function listen() {
  const clicks = {
    undo: () => step("undo"), redo: () => step("redo"), find, accept, remove,
    train: () => $("training").showModal(), help: () => $("keys").showModal(),
    take: () => adopt(proposals()), write, copy, export: save, "remove-all": () => labelAll(""),
  };
  for (const [id, act] of Object.entries(clicks)) $(id).addEventListener("click", () => act());
  addEventListener("keydown", pressed);
  $("sentence").addEventListener("pointerdown", drag);
  $("sentence").addEventListener("pointerup", selected);
  $("list").addEventListener("scroll", drawRows);
  addEventListener("resize", drawRows);
  $("rows").addEventListener("click", (event) => {
    const row = event.target.closest("[data-at]");
    if (row) go(Number(row.dataset.at));
  });
  for (const id of ["before", "after"]) {
    $(id).addEventListener("click", (event) => {
      const other = event.target.closest("[data-id]");
      if (other) show(Number(other.dataset.id));
    });
  }
  $("order").addEventListener("change", () => setOrder($("order").value).catch(complain));
  $("note").addEventListener("change", () => decide({ note: $("note").value }));
  $("note").addEventListener("keydown", (event) => event.key === "Escape" && $("sentence").focus());
  $("naming").addEventListener("close", named);
  $("search").addEventListener("submit", (event) => { event.preventDefault(); search(); });
  $("labelling").addEventListener("submit", (event) => { event.preventDefault(); labelAll($("kind").value); });
  addEventListener("beforeunload", (event) => { if (pending) event.preventDefault(); });
}

async function begin() {
  try {
    project = await ask("project");
    statuses = [...project.statuses];
    for (const status of statuses) counts[status] += 1;
    types = [];
    setTypes(project.types);
    $("undo").disabled = !project.can_undo;
    $("redo").disabled = !project.can_redo;
    $("files").textContent = `${project.files.join(", ")} · ${several(project.documents, "document")}, ${several(project.count, "sentence")}`;
    document.title = `Review of ${project.files.join(", ")}`;
    $("order").replaceChildren(...project.orders.map((name) => element("option", {}, name)));
    $("order").value = project.order;
    $("format").replaceChildren(...project.formats.map((name) => element("option", {}, name)));
    $("command").textContent = project.command;
    $("guide").hidden = !project.guidelines;
    $("guidelines").textContent = project.guidelines;
    listen();
    await setOrder(project.order);
    if (project.lost) complain(new Error(`${grouped(project.lost)} places of the queue are not in these files.`));
    $("sentence").focus();
    if (project.ready !== null) watchModel();
  } catch (error) {
    complain(error);
  }
}

begin();
