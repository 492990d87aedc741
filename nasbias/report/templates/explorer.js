// The explorer: what is asked in the controls, the plot and the address is one `state`; `show` draws it.
function startExplorer(data) {
  const by = (id) => document.getElementById(`ex-${id}`);
  const box = by("plot"), plot = makePlot(data, box, by("points"), by("over"));
  const views = new Map(), all = {};
  const dark = matchMedia("(prefers-color-scheme: dark)");
  let state, view, chosen, hovered = null, later = 0, frame = 0, dragged = null, address = location.hash;

  const named = (text) => data.wiring.short[text] ?? text;
  const showBars = makeBars(data, by("bars"), named, (place, code) => {
    const wanted = state.values[place] ?? new Set();
    if (!wanted.delete(code)) wanted.add(code);
    if (wanted.size) state.values[place] = wanted; else delete state.values[place];
    show();
  });
  const showSizes = makeSizes(data, by("sizes"), by("sizes-text"));
  const list = makeList(data, by("list"), by("list-more"), (i) => pin(i));
  const showRanges = makeRanges(data, by("ranges"), (key, place, end) => {
    const range = state.ranges[key] ?? [null, null];
    range[place] = end;
    if (range[0] === null && range[1] === null) delete state.ranges[key]; else state.ranges[key] = range;
    show();
  });

  const longest = data.series.map((each, i) => i).filter((i) => data.series[i].epoch === data.epoch);
  data.first = longest.length ? longest[0] : 0;
  const read = () => readState(data, /^#explorer(&|$)/.test(location.hash) ? decodeSafely(location.hash) : "", Object.keys(RANGES));

  function decodeSafely(hash) {  // a link that was cut off in a mail is no reason to show nothing
    try { decodeURIComponent(hash); return hash; } catch { return ""; }
  }

  // ---- what is shown -------------------------------------------------------------------------------------------------
  function lookAt() {
    if (!views.has(state.series)) views.set(state.series, viewOf(data, state.series));
    view = views.get(state.series);
    all.counts = countValues(data, view.there);
    const labels = state.axes === "ranks" ? ["percentile of the true rank (100 = best)", "percentile of the supernet's rank (100 = best)"]
      : [`truth: ${unit(data.truth, data.truth_unit)}${data.truth_sign < 0 ? ", low is good" : ""}`,
        `supernet: ${unit(data.score, data.score_unit)}${data.score_sign < 0 ? ", low is good" : ""}`];
    plot.look(view, state.axes, labels);
    paintPoints();
  }

  let paint = null, colours = [];
  function paintPoints() {
    [paint, colours] = [null, []];
    const shades = (values, low, high, palette) => {
      paint = new Uint8Array(data.n);
      for (let i = 0; i < data.n; i++) paint[i] = Math.max(0, Math.min(4, Math.floor(5 * (values[i] - low) / (high - low || 1))));
      colours = palette;
    };
    if (state.colour === "difference") shades(view.difference, -50, 50, dark.matches ? DIVERGING_DARK : DIVERGING);
    else if (state.colour === "params") shades(view.params, ...sizeLimits(data), dark.matches ? RISING_DARK : RISING);
    else if (state.colour) {
      const place = Number(state.colour.slice(1)), count = data.decisions[place].values.length;
      paint = count > 8 ? data.codes[place].map((code) => Math.floor(code * 5 / count)) : data.codes[place];
      colours = count > 8 ? (dark.matches ? RISING_DARK : RISING) : dark.matches ? PALETTE_DARK : PALETTE;
    }
    const items = [];
    if (state.colour === "difference") items.push([colours[0], "underrated by 30 points or more"], [colours[2], "neither"], [colours[4], "overrated by 30 points or more"]);
    else if (state.colour === "params") items.push([colours[0], "few parameters"], [colours[4], "many"]);
    else if (state.colour) {
      const { values } = data.decisions[Number(state.colour.slice(1))];
      if (values.length > 8) items.push([colours[0], named(values[0])], [colours[4], named(values[values.length - 1])]);
      else values.forEach((value, i) => items.push([colours[i], named(value)]));
    }
    by("legend").replaceChildren(...items.map(([colour, text]) => {
      const dot = element("i");
      dot.style.background = colour;
      return element("span", {}, dot, text);
    }));
  }

  function show() {
    chosen = choose(data, view, state);
    plot.draw(chosen.inside, paint, colours);
    showOver();
    showCount();
    showBars(view, chosen, all.counts, state.values);
    showSizes(view, chosen);
    clearTimeout(later);
    later = setTimeout(() => { list.show(view, chosen, state.pinned); showRanges(state.ranges); remember(); }, dragged ? 150 : 0);
  }

  function showSoon() {
    if (!frame) frame = requestAnimationFrame(() => { frame = 0; show(); });
  }

  function showCount() {
    const { count, inside } = chosen;
    let sum = 0;
    for (let i = 0; i < data.n; i++) if (inside[i]) sum += view.difference[i];
    const share = (100 * count / (view.n || 1)).toFixed(count && count < view.n / 100 ? 2 : 0);
    const text = count === view.n ? (view.n === 1 ? "One architecture." : `All ${view.n.toLocaleString("en")} architectures.`)
      : `${count.toLocaleString("en")} of ${view.n.toLocaleString("en")} architectures (${share} %)` +
        (count ? `; ${sayMean(sum / count)}.` : ".");
    if (by("count").textContent !== text) by("count").textContent = text;
  }

  function sayMean(difference) {
    const points = Math.abs(difference).toFixed(1);
    if (points === "0.0") return "on average the supernet ranks them as the truth does";
    return `on average the supernet ranks them ${points} percentile points too ${difference > 0 ? "high" : "low"}`;
  }

  // ---- one architecture ----------------------------------------------------------------------------------------------
  function describe(i) {
    const values = (decision) => data.decisions[decision].values[data.codes[decision][i]];
    const text = nameOf(data, i);
    const facts = element("div", { className: "ex-facts" });
    const add = (name, value) => facts.append(element("span", {}, name), element("span", {}, value));
    add(`truth: ${unit(data.truth, data.truth_unit)}`, `${fixed(view.truth[i])}, rank ${view.truthRank[i].toLocaleString("en")} of ${view.n.toLocaleString("en")}`);
    add(`supernet: ${unit(data.score, data.score_unit)}`, `${fixed(view.score[i])}, rank ${view.scoreRank[i].toLocaleString("en")}`);
    add("rank difference", `${signed(view.difference[i])} points`);
    add("parameters", view.params[i].toLocaleString("en"));
    if (!data.valid[i]) add("", "its input does not reach its output");
    return [element("p", { className: "ex-name" }, element("bdi", {}, text)),
      drawCells(wireUp(data.wiring, data.is_matrix, text, values), data.wiring.short), facts];
  }

  function showCard() {
    const i = state.pinned ?? hovered;
    if (i === null || !view.there[i]) {
      by("card").replaceChildren(element("p", { className: "ex-small" }, "Point at an architecture, or choose one in the list, to see it here."));
    } else by("card").replaceChildren(...describe(i));
  }

  function showOver() {
    const ends = axesOf();
    let rectangle = null;
    if (dragged) rectangle = dragged;
    else if (ends.some((name) => state.ranges[name])) {
      const { left, top, right, bottom } = plot.frame;
      const [[x0, x1], [y0, y1]] = ends.map((name) => state.ranges[name] ?? [null, null]);
      rectangle = [x0 === null ? left : plot.toPlace(x0, 0)[0], y1 === null ? top : plot.toPlace(0, y1)[1],
        x1 === null ? right : plot.toPlace(x1, 0)[0], y0 === null ? bottom : plot.toPlace(0, y0)[1]];
    }
    plot.drawOver(rectangle, hovered ?? state.pinned);
  }

  function point(i, px, py) {
    const tip = by("tip");
    if (i === hovered) return;
    hovered = i;
    tip.hidden = i === null;
    if (i !== null) {
      tip.replaceChildren(...describe(i));
      tip.style.left = `${Math.max(4, Math.min(px + 14, box.clientWidth - tip.offsetWidth - 4))}px`;
      const below = py + 16;
      tip.style.top = `${below + tip.offsetHeight < box.clientHeight + 120 ? below : Math.max(4, py - tip.offsetHeight - 14)}px`;
    }
    showOver();
    if (state.pinned === null) showCard();
  }

  function pin(i) {
    state.pinned = i;
    showCard(); showOver(); remember();
    list.mark(i);
  }

  // ---- the plot ------------------------------------------------------------------------------------------------------
  const axesOf = () => (state.axes === "ranks" ? ["truthPercentile", "scorePercentile"] : ["truth", "score"]);
  const asked = {  // what fingers, mouse and keys on the plot come to
    point,
    pin: (i) => pin(i === state.pinned ? null : i),
    brush(from, to) {  // two corners in pixels
      const [xs, ys] = [0, 1].map((place) => [from[place], to[place]].sort((a, b) => a - b));
      const [low, high] = [plot.toValues(xs[0], ys[1]), plot.toValues(xs[1], ys[0])];
      axesOf().forEach((name, place) => { state.ranges[name] = [low[place], high[place]].map((end) => Number(end.toPrecision(6))); });
      dragged = [...from, ...to];
      showSoon();
    },
    brushed(before) {  // `before`: the ranges as they were, where the drag was none after all
      dragged = null;
      if (before) state.ranges = before;
      show();
    },
    ranges: () => ({ ...state.ranges }),
    clear() {
      for (const name of ["truth", "score", "truthPercentile", "scorePercentile"]) delete state.ranges[name];
      show();
    },
    step(by) {  // to the next architecture of the selection, by true rank
      const order = firstOf(data, view, chosen.inside, "truthRank", false, data.n);
      if (!order.length) return;
      const at = order.indexOf(state.pinned);
      const next = at < 0 ? order[0] : order[Math.max(0, Math.min(order.length - 1, at + by))];
      pin(next);
      said.textContent = `${nameOf(data, next)}: true rank ${view.truthRank[next]}, supernet rank ${view.scoreRank[next]}.`;
    },
  };

  function remember() {
    const text = writeState(data, state);
    if (location.hash !== address) return;  // somebody just asked for another state: that one is shown next
    if (text === "explorer" && !/^#explorer/.test(location.hash)) return;
    try { history.replaceState(null, "", `#${text}`); address = location.hash; } catch { /* some readers forbid it on a page from disk */ }
  }

  // ---- what is asked -------------------------------------------------------------------------------------------------
  function fillSelects() {
    const lengths = [...new Set(data.series.map((each) => each.epoch))];
    by("length").replaceChildren(...lengths.map((epoch) => element("option", { value: epoch ?? "" }, epoch === null ? "not stated" : `${epoch} epochs`)));
    by("colour").replaceChildren(...[["", "none"], ["difference", "rank difference"], ["params", "parameters"],
      ...data.decisions.map((decision, place) => [`d${place}`, decision.name])].map(([value, name]) => element("option", { value }, name)));
    by("colour").value = state.colour;
    by("axes").value = state.axes;
    by("connected").value = state.connected;
    fillRuns();
  }

  function fillRuns() {
    const epoch = data.series[state.series].epoch;
    by("length").value = epoch ?? "";
    const runs = data.series.map((each, place) => [each, place]).filter(([each]) => each.epoch === epoch);
    by("run").replaceChildren(...runs.map(([each, place]) => element("option", { value: place }, each.run ?? `mean of ${each.n_runs} runs`)));
    by("run").value = state.series;
  }

  function restart() {
    state = read();
    hovered = null;
    by("tip").hidden = true;
    fillSelects();
    lookAt();
    show();
    showCard();
  }

  by("length").addEventListener("change", () => {
    const run = data.series[state.series].run, epoch = by("length").value;
    const of = data.series.map((each, i) => i).filter((i) => String(data.series[i].epoch ?? "") === epoch);
    state.series = of.find((i) => data.series[i].run === run) ?? of[0];
    fillRuns(); lookAt(); show(); showCard();
  });
  by("run").addEventListener("change", () => { state.series = Number(by("run").value); lookAt(); show(); showCard(); });
  by("axes").addEventListener("change", () => { state.axes = by("axes").value; lookAt(); show(); });
  by("colour").addEventListener("change", () => { state.colour = by("colour").value; paintPoints(); show(); });
  by("connected").addEventListener("change", () => { state.connected = by("connected").value; show(); });
  by("clear").addEventListener("click", () => {
    Object.assign(state, { ranges: {}, values: {}, connected: "", pinned: null });
    by("connected").value = "";
    show(); showCard();
  });
  for (const button of document.querySelectorAll("#ex [data-rank]")) {
    button.addEventListener("click", () => { state.ranges = { [button.dataset.rank]: [null, 10] }; show(); });
  }
  for (const button of document.querySelectorAll("#ex [data-extreme]")) {
    button.addEventListener("click", () => {
      const isOver = button.dataset.extreme === "over";
      const last = firstOf(data, view, view.there, "difference", isOver, Math.max(10, Math.round(view.n / 100))).pop();
      state.ranges = { difference: isOver ? [view.difference[last], null] : [null, view.difference[last]] };
      show();
    });
  }
  by("csv").addEventListener("click", () => {
    const link = element("a", { href: URL.createObjectURL(new Blob([csvOf(data, view, chosen.inside)], { type: "text/csv" })), download: `${data.space}-selection.csv` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  });
  by("link").addEventListener("click", async () => {
    remember();
    await copyText(`${location.href.split("#")[0]}#${writeState(data, state)}`);
    said.textContent = "Link copied.";
    by("link").textContent = "Copied";
    setTimeout(() => { by("link").textContent = "Copy link"; }, 1500);
  });

  listenToPlot(box, plot, asked);
  window.addEventListener("hashchange", () => { address = location.hash; if (/^#explorer(&|$)/.test(location.hash)) restart(); });
  dark.addEventListener("change", () => { paintPoints(); show(); });
  let width = 0;
  new ResizeObserver(() => { if (box.clientWidth && box.clientWidth !== width) { width = box.clientWidth; plot.place(); showSoon(); } }).observe(box);

  by("connected").parentElement.hidden = data.valid.every(Boolean);
  box.setAttribute("aria-label", `Score against truth of ${data.n.toLocaleString("en")} architectures`);
  document.getElementById("ex").hidden = false;
  document.getElementById("ex-waiting").hidden = true;
  width = box.clientWidth;
  restart();
  if (/^#explorer&/.test(location.hash)) document.getElementById("explorer").scrollIntoView({ behavior: "instant" });
}

if (document.getElementById("ex-data") && "DecompressionStream" in window) {
  unpack(document.getElementById("ex-data").textContent).then(startExplorer).catch((error) => {
    document.getElementById("ex-waiting").textContent = `The explorer could not start: ${error.message}`;
    throw error;
  });
}
