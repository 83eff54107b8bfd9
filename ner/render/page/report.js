// The mistakes of a model: those of a kind and of a type.

for (const row of data.rows) {
  const own = (span) => placed(row, span);
  row.gold = row.gold.map(own);
  row.predicted = row.predicted.map(own);
  row.mistakes = row.mistakes.map((m) => ({ ...m, gold: own(m.gold), predicted: own(m.predicted) }));
}

const ofKind = (mistake) => chosen("kind", [mistake.kind]) && chosen("type", mistake.types);
const left = (row) => row.mistakes.filter(ofKind);

function article(row) {
  const kinds = left(row).map((mistake) => `${mistake.kind}: ${mistake.types.join(" / ")}`);
  const head = element("p", { class: "hint" }, `${row.place} · ${kinds.join("; ")}`);
  const side = (name, of) => line(row, name, row[of], left(row).map((mistake) => mistake[of]));
  return element("article", {}, head, side("in the data", "gold"), side("found", "predicted"));
}

function told(rows) {
  const count = rows.reduce((sum, row) => sum + left(row).length, 0);
  return `${several(count, "mistake")} in ${several(rows.length, "sentence")}`;
}

list({
  filters: {
    kind: (row) => row.mistakes.map((mistake) => mistake.kind),
    type: (row) => row.mistakes.flatMap((mistake) => mistake.types),
  },
  wanted: (row) => row.mistakes.some(ofKind),
  article,
  told,
});
