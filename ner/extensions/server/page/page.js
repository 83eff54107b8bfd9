"use strict";
// The page asks the same interface as any program. A text is cut at blank lines, where sentences end
// in any case; only parts that changed are tagged and drawn again.

const PAUSE = 200; // milliseconds without a key before what was typed is tagged
const AT_ONCE = 40000; // characters of a request: what comes first in a long text is seen first
const ROWS = 200; // of the table, until all are asked for
const BLOCK = 2000; // characters that are drawn at once, unless a sentence is longer
const NBEST = 5;

const $ = (id) => document.getElementById(id);
const found = new Map(); // by model and bias: a map from parts of the text to what is in them
let models = [];
let token = "";
let running = new AbortController();
let timer = 0;
let everyRow = false;

// --- requests -----------------------------------------------------------------------------------

async function ask(path, body, signal) {
  const headers = body ? { "Content-Type": "application/json" } : {};
  if (token) headers.Authorization = `Bearer ${token}`;
  const method = body ? "POST" : "GET";
  const answer = await fetch(path, { method, headers, signal, body: body && JSON.stringify(body) });
  if (answer.ok) return answer;
  if (answer.status === 401) $("unlock").hidden = false;
  const problem = await answer.json().catch(() => ({}));
  throw new Error(problem.detail || `The server answers ${answer.status}.`);
}

function complain(error) {
  if (error.name === "AbortError") return;
  $("error").textContent = error.message;
  $("error").hidden = false;
}

const chosen = () => models.filter((model) => $(`model-${models.indexOf(model)}`).checked);
const bias = () => Number($("o-bias").value);
const lowest = () => Number($("min-score").value);
const settings = (model) => ({ model: model.name, o_bias: bias() });

// --- tagging ------------------------------------------------------------------------------------

function partsOf(text, model) {
  if (model.whole_documents) return text ? [text] : [];
  const parts = [];
  let start = 0;
  for (const gap of text.matchAll(/\n[^\S\n]*\n\s*/g)) {
    parts.push(text.slice(start, gap.index + gap[0].length));
    start = gap.index + gap[0].length;
  }
  return start < text.length ? [...parts, text.slice(start)] : parts;
}

function* requests(parts) {
  let several = [];
  let size = 0;
  for (const part of parts) {
    several.push(part);
    size += part.length;
    if (size >= AT_ONCE || several.length >= 1000) {
      yield several;
      [several, size] = [[], 0];
    }
  }
  if (several.length) yield several;
}

async function tag(model, parts, signal) {
  const key = `${bias()} ${model.name}`;
  const known = found.get(key) || new Map();
  const kept = new Map();
  for (const part of parts) if (known.has(part)) kept.set(part, known.get(part));
  found.set(key, kept);
  let drawn = true;
  for (const texts of requests([...new Set(parts)].filter((part) => !kept.has(part)))) {
    if (!drawn) draw(); // what came before, while more is on its way
    const asked = { ...settings(model), texts, sentences: true, offsets: "utf16" };
    const { documents } = await (await ask("v1/tag", asked, signal)).json();
    texts.forEach((text, number) => kept.set(text, documents[number]));
    drawn = false;
  }
}

async function update() {
  clearTimeout(timer);
  running.abort();
  const { signal } = (running = new AbortController());
  const begun = performance.now();
  const text = $("text").value;
  $("found").setAttribute("aria-busy", "true");
  try {
    for (const model of chosen()) await tag(model, partsOf(text, model), signal);
    $("error").hidden = true;
    draw();
    const several = counted().map(({ model, count }) =>
      `${count} ${count === 1 ? "entity" : "entities"}${models.length > 1 ? ` by ${model.name}` : ""}`);
    $("status").textContent = `${several.join(", ")} · ${Math.round(performance.now() - begun)} ms`;
  } catch (error) {
    complain(error);
  } finally {
    if (!signal.aborted) $("found").removeAttribute("aria-busy");
  }
}

function soon() {
  clearTimeout(timer);
  timer = setTimeout(update, PAUSE);
}

const shown = (entities) => entities.filter((entity) => entity.score >= lowest());

function tagged(model) {
  const known = found.get(`${bias()} ${model.name}`) || new Map();
  let start = 0;
  return partsOf($("text").value, model).map((text) => {
    const part = { text, start, document: known.get(text) };
    start += text.length;
    return part;
  });
}

function counted() {
  return chosen().map((model) => {
    const parts = tagged(model).filter((part) => part.document);
    return { model, count: parts.reduce((n, p) => n + shown(p.document.entities).length, 0) };
  });
}

// --- drawing ------------------------------------------------------------------------------------

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function mark(content, entity, model) {
  const place = model.labels.indexOf(entity.label);
  const name = entity.layer ? `${entity.layer}:${entity.label}` : entity.label;
  const tip = { title: `${name}, score ${entity.score.toFixed(3)}`, "data-label": entity.label };
  return element("mark", place < 0 ? tip : { ...tip, class: `t${place}` }, ...content);
}

const order = (one, other) => one.start - other.start || other.end - one.end;

function marked(text, start, entities, model) {
  const waiting = entities.map((entity) => ({ start: entity.start, end: entity.end, entity })).sort(order);
  return pieces((from, to) => text.slice(from - start, to - start), start, start + text.length, waiting, model);
}

// Entities of several tag layers may lie in others; one that goes on behind another is cut there.
function pieces(slice, start, end, waiting, model) {
  const nodes = [];
  let position = start;
  while (waiting.length && waiting[0].start < end) {
    const next = waiting.shift();
    nodes.push(slice(position, next.start));
    position = Math.min(next.end, end);
    if (next.end > end) {
      waiting.push({ ...next, start: end });
      waiting.sort(order);
    }
    nodes.push(mark(pieces(slice, next.start, position, waiting, model), next.entity, model));
  }
  return [...nodes, slice(position, end)];
}

// Blocks of a part: sentences up to one behind which a line ends, or there are many characters. Each
// is drawn by itself.
function blocksOf({ text, document: tags }) {
  if (!tags || !tags.sentences.length) return [{ key: text, text, sentences: [] }];
  if (tags.blocks?.lowest !== lowest()) tags.blocks = { lowest: lowest(), made: makeBlocks(text, tags) };
  return tags.blocks.made;
}

function makeBlocks(text, tags) {
  const entities = shown(tags.entities);
  const blocks = [];
  let next = 0;
  let start = 0;
  let sentences = [];
  for (const [number, range] of tags.sentences.entries()) {
    const own = [];
    while (next < entities.length && entities[next].start < range.end) own.push(entities[next++]);
    sentences.push({ start: range.start, end: range.end, number, entities: own });
    const following = tags.sentences[number + 1];
    const end = following ? following.start : text.length;
    const ends = end - start > BLOCK || text.slice(range.end, end).includes("\n");
    if (following && !ends) continue;
    const marks = sentences.map((s) => [
      s.start - start, s.end - start, s.entities.map((e) => [e.start - start, e.end - start, e.label, e.score]),
    ]);
    const inner = text.slice(start, end);
    blocks.push({ key: JSON.stringify([inner, marks]), text: inner, start, sentences, part: text });
    [start, sentences] = [end, []];
  }
  return blocks;
}

function drawBlock(block, model) {
  const paragraph = element("p", { dir: "auto" });
  paragraph.key = block.key;
  let position = 0;
  for (const { start, end, number, entities } of block.sentences) {
    const from = start - block.start;
    const text = block.text.slice(from, end - block.start);
    const sentence = element("span", { class: "s", tabindex: "-1" }, ...marked(text, start, entities, model));
    sentence.asked = { model, part: block.part, number };
    paragraph.append(block.text.slice(position, from), sentence);
    position = end - block.start;
  }
  paragraph.append(block.text.slice(position));
  return paragraph;
}

// Only what differs between the same beginning and the same end is drawn anew.
function drawText(home, blocks, model) {
  const old = [...home.children];
  let first = 0;
  while (first < old.length && first < blocks.length && old[first].key === blocks[first].key) first++;
  let last = 0;
  const most = Math.min(old.length, blocks.length) - first;
  while (last < most && old[old.length - 1 - last].key === blocks[blocks.length - 1 - last].key) last++;
  for (const gone of old.slice(first, old.length - last)) gone.remove();
  const made = blocks.slice(first, blocks.length - last).map((block) => drawBlock(block, model));
  const behind = home.children[first] || null;
  const together = document.createDocumentFragment();
  together.append(...made);
  home.insertBefore(together, behind);
}

function columnOf(model) {
  const id = `column-${models.indexOf(model)}`;
  if ($(id)) return $(id);
  const legend = element("ul", { "aria-label": "Types" },
    ...model.labels.map((label, number) => element("li", {}, element("mark", { class: `t${number}` }, label))));
  const text = element("div", { class: "text", tabindex: "0", role: "group", "aria-describedby": "keys" });
  text.setAttribute("aria-label", `Text with the entities of ${model.name}`);
  return element("div", { class: "column", id }, element("h2", {}, model.name), legend, text);
}

function draw() {
  const columns = chosen().map((model) => {
    const column = columnOf(model);
    drawText(column.querySelector(".text"), tagged(model).flatMap(blocksOf), model);
    return column;
  });
  const home = $("columns");
  if (columns.length !== home.children.length || columns.some((c, i) => c !== home.children[i])) {
    home.replaceChildren(...columns);
  }
  drawTable();
}

// Offsets in characters, as in files, of places that never go back.
function characters(text) {
  let [unit, count] = [0, 0];
  return (place) => {
    for (; unit < place; unit++) if ((text.charCodeAt(unit) & 0xfc00) !== 0xdc00) count++;
    return String(count);
  };
}

function rowsOf(model) {
  return tagged(model).filter((part) => part.document).flatMap((part) =>
    shown(part.document.entities).map((entity) => ({ entity, at: part.start, model })));
}

function drawTable() {
  const rows = chosen().flatMap(rowsOf);
  const limit = everyRow ? rows.length : ROWS;
  let offset = null;
  let last = null;
  $("rows").replaceChildren(...rows.slice(0, limit).map(({ entity, at, model }) => {
    if (model !== last) [offset, last] = [characters($("text").value), model];
    return element("tr", {},
      element("td", {}, mark([entity.text], entity, model)),
      element("td", {}, entity.layer ? `${entity.layer}:${entity.label}` : entity.label),
      element("td", { class: "number" }, entity.score.toFixed(3)),
      element("td", { class: "number" }, offset(at + entity.start)),
      element("td", { class: "number" }, offset(at + entity.end)),
      element("td", {}, model.name));
  }));
  $("all").hidden = rows.length <= limit;
  $("all").textContent = `Show all ${rows.length}`;
}

// --- alternatives -------------------------------------------------------------------------------

async function alternatives({ model, part, number }) {
  try {
    const asked = { ...settings(model), text: part, nbest: NBEST, offsets: "utf16" };
    const { documents } = await (await ask("v1/tag", asked)).json();
    const ranked = documents[0].nbest[number];
    const text = part.slice(ranked.start, ranked.end);
    $("ranked").replaceChildren(...ranked.alternatives.map(({ probability, entities }) =>
      element("li", {},
        element("span", { class: "hint" }, `Probability ${probability.toFixed(4)}`),
        element("p", { dir: "auto" }, ...marked(text, ranked.start, entities, model)))));
    $("alternatives").showModal();
  } catch (error) {
    complain(error);
  }
}

function walk(event) {
  const home = event.target.closest(".text");
  if (!home) return;
  const sentences = [...home.querySelectorAll(".s")];
  const place = sentences.indexOf(event.target.closest(".s"));
  const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
  if (step) {
    event.preventDefault();
    sentences[Math.min(Math.max(place + step, 0), sentences.length - 1)]?.focus();
  } else if (place >= 0 && (event.key === "Enter" || event.key === " ")) {
    event.preventDefault();
    alternatives(sentences[place].asked);
  }
}

// --- files --------------------------------------------------------------------------------------

async function exported() {
  const model = chosen()[0];
  if (!model) throw new Error("Choose a model first.");
  const asked = { ...settings(model), min_score: lowest(), text: $("text").value };
  return ask(`v1/export/${$("format").value}`, asked);
}

async function copy() {
  try {
    const answer = await exported();
    if (/zip|octet-stream/.test(answer.headers.get("content-type"))) {
      throw new Error("This format is not text; download it.");
    }
    await navigator.clipboard.writeText(await answer.text());
    $("status").textContent = "Copied.";
  } catch (error) {
    complain(error);
  }
}

async function download() {
  try {
    const answer = await exported();
    const [, name] = answer.headers.get("content-disposition").match(/filename="(.*)"/);
    const link = element("a", { href: URL.createObjectURL(await answer.blob()), download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  } catch (error) {
    complain(error);
  }
}

async function drop(event) {
  event.preventDefault();
  document.body.classList.remove("dropping");
  const [file] = event.dataTransfer.files;
  $("text").value = file ? await file.text() : event.dataTransfer.getData("text");
  update();
}

// --- the beginning ------------------------------------------------------------------------------

async function begin() {
  try {
    const facts = await (await ask("v1/models")).json();
    models = facts.models;
    $("unlock").hidden = $("error").hidden = true;
    models.forEach((model, number) => {
      const box = element("input", { type: "checkbox", id: `model-${number}` });
      box.checked = number === 0;
      box.addEventListener("change", update);
      $("models").append(element("label", {}, box, ` ${model.name}`));
    });
    $("format").replaceChildren(...facts.formats.map((name) => element("option", {}, name)));
    $("min-score").value = models[0].min_score;
    $("o-bias").value = models[0].o_bias;
    tell();
    draw();
    if ($("text").value) update();
  } catch (error) {
    complain(error);
  }
}

function tell() {
  $("min-score-value").textContent = lowest().toFixed(2);
  $("o-bias-value").textContent = bias().toFixed(1);
}

$("text").addEventListener("input", soon);
$("min-score").addEventListener("input", () => { tell(); draw(); });
$("min-score").addEventListener("change", update);
$("o-bias").addEventListener("input", () => { tell(); soon(); });
$("copy").addEventListener("click", copy);
$("download").addEventListener("click", download);
$("all").addEventListener("click", () => { everyRow = true; drawTable(); });
$("columns").addEventListener("keydown", walk);
$("columns").addEventListener("click", (event) => {
  const sentence = event.target.closest(".s");
  if (sentence && document.getSelection().isCollapsed) alternatives(sentence.asked);
});
$("unlock").addEventListener("submit", (event) => {
  event.preventDefault();
  token = $("token").value;
  begin();
});
addEventListener("dragover", (event) => {
  event.preventDefault();
  document.body.classList.add("dropping");
});
addEventListener("dragleave", () => document.body.classList.remove("dropping"));
addEventListener("drop", drop);
begin();
