// A list of the rows of a page, some at a time, of which filters leave a part.

const AT_ONCE = 100;
const data = JSON.parse($("data").textContent);

for (const row of data.rows) prepared(row);

// A span of tokens of a row as one of its characters.
const placed = (row, span) => span && {
  ...span, start: row.places[span.start].start, end: row.places[span.end - 1].end,
};

const equal = (one, other) =>
  one && other && one.start === other.start && one.end === other.end && layered(one) === layered(other);

function line(row, name, entities, wrong) {
  const styled = entities.map((e) => ({ ...e, style: wrong.some((w) => equal(w, e)) ? "wrong" : "" }));
  return element("p", { dir: "auto" }, element("b", {}, name), ...drawSentence(row, styled, data.types));
}

// `filters`: by the identifier of a select, the values of a row, each once for all that has it.
// `wanted` tells which rows are left, `article` draws one, and `told` counts them in words.
function list({ filters, wanted, article, told }) {
  let shown = 0;
  const more = () => {
    const found = data.rows.filter(wanted);
    $("found").append(...found.slice(shown, shown + AT_ONCE).map(article));
    shown = Math.min(found.length, shown + AT_ONCE);
    $("more").hidden = shown === found.length;
    $("told").textContent = told(found) + (shown < found.length ? `, the first ${grouped(shown)} of which are shown` : "");
  };
  const again = () => {
    $("found").replaceChildren();
    shown = 0;
    more();
  };
  for (const [id, values] of Object.entries(filters)) {
    const counts = new Map();
    for (const row of data.rows) for (const one of values(row)) counts.set(one, (counts.get(one) || 0) + 1);
    const options = [...counts].sort().map(([one, count]) => element("option", { value: one }, `${one} (${grouped(count)})`));
    $(id).replaceChildren(element("option", { value: "" }, "all"), ...options);
    $(id).addEventListener("change", again);
  }
  $("more").addEventListener("click", more);
  $("legend").replaceChildren(...data.types.map((type, number) =>
    element("li", {}, element("mark", { class: `t${number}` }, layered(type)))));
  more();
}

// True for a filter that is not set, or set to one of the values.
const chosen = (id, values) => !$(id).value || values.includes($(id).value);
