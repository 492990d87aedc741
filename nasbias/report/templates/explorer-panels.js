// What stands around the plot: choices as bars, sizes as columns, the list, the ranges. Each is made once and gives back
// what shows it again.
const RANGES = { truth: "truth", score: "score", truthRank: "true rank", scoreRank: "supernet rank", truthPercentile: "true percentile",
  scorePercentile: "supernet percentile", difference: "rank difference", params: "parameters", flops: "FLOPs" };
const LISTED = { truthRank: "true rank", scoreRank: "supernet rank", difference: "difference", truth: "truth", score: "score", params: "parameters" };
const MOST_LISTED = 100, BINS = 24;

const unit = (name, given) => (given ? `${name} (${given})` : name);
const fixed = (value) => (Number.isInteger(value) || Math.abs(value) >= 1000 ? Math.round(value).toLocaleString("en") : value.toFixed(Math.abs(value) < 1 ? 4 : 2));
const signed = (value) => `${value > 0 ? "+" : ""}${value.toFixed(1)}`;

function element(tag, attributes = {}, ...inside) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name in made && name !== "role") made[name] = value; else made.setAttribute(name, value);
  }
  made.append(...inside);
  return made;
}

// A button per value of each decision; pressed, it asks to keep only those with it.
function makeBars(data, box, named, toggle) {
  const bars = data.decisions.map((decision, place) => {
    const group = element("div", { className: "ex-decision", role: "group", "aria-label": decision.name }, element("h4", {}, decision.name));
    box.append(group);
    return decision.values.map((value, code) => {
      const [fill, tick, share] = [element("span", { className: "fill" }), element("span", { className: "tick" }), element("span", { className: "share" })];
      const button = element("button", { type: "button", className: "ex-bar", title: value },
        element("span", { className: "name" }, element("bdi", {}, named(value))), element("span", { className: "track" }, fill, tick), share);
      button.addEventListener("click", () => toggle(place, code));
      group.append(button);
      return { button, fill, tick, share };
    });
  });
  return function show(view, chosen, countsOfAll, pressed) {
    const counts = countValues(data, chosen.inside);
    bars.forEach((group, place) => group.forEach(({ button, fill, tick, share }, code) => {
      const [own, whole] = [100 * counts[place][code] / (chosen.count || 1), 100 * countsOfAll[place][code] / (view.n || 1)];
      fill.style.width = `${own}%`;
      tick.style.left = `calc(${whole}% - 1px)`;
      share.textContent = `${Math.round(own)} %`;
      const name = `${data.decisions[place].name}: ${named(data.decisions[place].values[code])}, ${Math.round(own)} % of the selection, ${Math.round(whole)} % of all`;
      if (button.getAttribute("aria-label") !== name) button.setAttribute("aria-label", name);
      button.setAttribute("aria-pressed", String(Boolean(pressed[place]?.has(code))));
    }));
  };
}

function makeSizes(data, box, said) {
  const [low, high] = sizeLimits(data);
  if (low === high) {
    box.hidden = true;
    said.textContent = `All have ${low.toLocaleString("en")} parameters: size tells nothing here.`;
    return () => {};
  }
  const columns = Array.from({ length: BINS }, () => {
    const [all, own] = [element("i", { className: "all" }), element("i", { className: "own" })];
    box.append(element("span", {}, all, own));
    return { all, own };
  });
  return function show(view, chosen) {
    const [own, whole] = [chosen.inside, view.there].map((inside) => countBins(view.params, inside, low, high, BINS));
    const most = Math.max(Math.max(...own) / (chosen.count || 1), Math.max(...whole) / (view.n || 1));
    columns.forEach((column, bin) => {
      column.all.style.height = `${100 * whole[bin] / (view.n || 1) / most}%`;
      column.own.style.height = `${100 * own[bin] / (chosen.count || 1) / most}%`;
    });
    const sizes = Float64Array.from(chosen.inside, (is, i) => (is ? view.params[i] : NaN)).filter((size) => !isNaN(size)).sort();
    const text = `${low.toLocaleString("en")} to ${high.toLocaleString("en")} parameters, left to right.`;
    said.textContent = sizes.length ? `${text} The selection's middle one has ${sizes[sizes.length >> 1].toLocaleString("en")}.` : text;
  };
}

// The selection one by one, sorted by a press on a column's head.
function makeList(data, box, more, pin) {
  let sortKey = "truthRank", descending = false;
  const list = {};
  list.show = function (view, chosen, pinned) {
    const first = firstOf(data, view, chosen.inside, sortKey, descending, MOST_LISTED);
    const head = element("tr", {}, element("th", { scope: "col" }, "architecture"));
    for (const [key, name] of Object.entries(LISTED)) {
      const button = element("button", { type: "button" }, name), cell = element("th", { scope: "col", className: "n" }, button);
      if (key === sortKey) cell.setAttribute("aria-sort", descending ? "descending" : "ascending");
      button.addEventListener("click", () => {
        [sortKey, descending] = [key, key === sortKey ? !descending : ["difference", "params"].includes(key)];
        list.show(view, chosen, list.pinned);
        [...box.querySelectorAll("th button")][Object.keys(LISTED).indexOf(key)].focus();
      });
      head.append(cell);
    }
    const rows = first.map((i) => {
      const button = element("button", { type: "button" }, element("bdi", {}, nameOf(data, i)));
      button.addEventListener("click", () => pin(i));
      const cells = Object.keys(LISTED).map((key) => element("td", { className: "n" }, key === "difference" ? signed(view[key][i]) : fixed(view[key][i])));
      const row = element("tr", {}, element("td", {}, button), ...cells);
      row.dataset.i = i;
      return row;
    });
    box.replaceChildren(element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows)));
    list.mark(pinned);
    more.textContent = chosen.count > MOST_LISTED ? `The first ${MOST_LISTED} of ${chosen.count.toLocaleString("en")}; all are in the CSV.` : "";
  };
  list.mark = function (pinned) {
    list.pinned = pinned;
    for (const row of box.querySelectorAll("tbody tr")) row.classList.toggle("at", row.dataset.i === String(pinned));
  };
  return list;
}

// Two numbers per column that can be filtered by; `ask` hears of each that is changed, null where it was emptied.
function makeRanges(data, box, ask) {
  const fields = Object.entries(RANGES).map(([key, name]) => {
    const label = { truth: `truth: ${unit(data.truth, data.truth_unit)}`, score: `supernet: ${unit(data.score, data.score_unit)}` }[key] ?? name;
    const inputs = ["from", "to"].map((end, place) => {
      const input = element("input", { type: "number", step: "any", "aria-label": `${label}, ${end}` });
      input.addEventListener("change", () => ask(key, place, input.value === "" ? null : Number(input.value)));
      return input;
    });
    const field = element("div", { className: "ex-range", role: "group", "aria-label": label }, element("span", {}, label), inputs[0], "to", inputs[1]);
    box.lastElementChild.append(field);
    return [key, inputs];
  });
  return function show(ranges) {
    for (const [key, inputs] of fields) {
      inputs.forEach((input, place) => {
        const end = ranges[key]?.[place] ?? null;
        if (document.activeElement !== input) input.value = end === null ? "" : plainNumber(end);
      });
    }
    if (Object.keys(ranges).length) box.open = true;
  };
}
