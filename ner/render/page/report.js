// The mistakes of a model: those of a kind and of a type, some at a time.

const AT_ONCE = 100;
const data = JSON.parse($("data").textContent);
let shown = 0;

for (const row of data.rows) {
  prepared(row);
  const placed = (span) => span && {
    ...span, start: row.places[span.start].start, end: row.places[span.end - 1].end,
  };
  row.gold = row.gold.map(placed);
  row.predicted = row.predicted.map(placed);
  row.mistakes = row.mistakes.map((m) => ({ ...m, gold: placed(m.gold), predicted: placed(m.predicted) }));
}

const equal = (one, other) =>
  one && other && one.start === other.start && one.end === other.end && layered(one) === layered(other);

const wanted = (mistake) =>
  (!$("kind").value || mistake.kind === $("kind").value) &&
  (!$("type").value || mistake.types.includes($("type").value));

const found = () => data.rows.filter((row) => row.mistakes.some(wanted));

function line(row, name, side) {
  const wrong = row.mistakes.filter(wanted).map((mistake) => mistake[side]);
  const entities = row[side].map((e) => ({ ...e, style: wrong.some((w) => equal(w, e)) ? "wrong" : "" }));
  return element("p", { dir: "auto" }, element("b", {}, name), ...drawSentence(row, entities, data.types));
}

function article(row) {
  const kinds = row.mistakes.filter(wanted).map((mistake) => `${mistake.kind}: ${mistake.types.join(" / ")}`);
  const head = element("p", { class: "hint" }, `${row.place} · ${kinds.join("; ")}`);
  return element("article", {}, head, line(row, "in the data", "gold"), line(row, "found", "predicted"));
}

function more() {
  const rows = found();
  $("found").append(...rows.slice(shown, shown + AT_ONCE).map(article));
  shown = Math.min(rows.length, shown + AT_ONCE);
  $("more").hidden = shown === rows.length;
  const count = rows.reduce((sum, row) => sum + row.mistakes.filter(wanted).length, 0);
  $("told").textContent = `${several(count, "mistake")} in ${several(rows.length, "sentence")}` +
    (shown < rows.length ? `, the first ${shown} of which are shown` : "");
}

function again() {
  $("found").replaceChildren();
  shown = 0;
  more();
}

function choices(id, name, of) {
  const counts = new Map();
  for (const row of data.rows) {
    for (const mistake of row.mistakes) for (const one of of(mistake)) counts.set(one, (counts.get(one) || 0) + 1);
  }
  const options = [...counts].sort().map(([one, count]) => element("option", { value: one }, `${one} (${count})`));
  $(id).replaceChildren(element("option", { value: "" }, name), ...options);
  $(id).addEventListener("change", again);
}

choices("kind", "all", (mistake) => [mistake.kind]);
choices("type", "all", (mistake) => mistake.types);
$("more").addEventListener("click", more);
$("legend").replaceChildren(...data.types.map((type, number) =>
  element("li", {}, element("mark", { class: `t${number}` }, layered(type)))));
more();
