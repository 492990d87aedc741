// The scatter plot: points on a canvas, the box that is dragged, what lies under the pointer.
const PALETTE = ["#0072b2", "#d55e00", "#009e73", "#e69f00", "#cc79a7", "#56b4e9", "#b8a800", "#767676"];
const PALETTE_DARK = ["#56b4e9", "#f0883e", "#2fbf91", "#f2c14e", "#e39ac0", "#a9cdf0", "#d8cf5a", "#a5afba"];
const DIVERGING = ["#2d68a8", "#6f9ccb", "#59626c", "#e39a5b", "#c8570b"];
const DIVERGING_DARK = ["#5aa2e8", "#8fb9e0", "#b4bdc7", "#f0b27c", "#f0883e"];
const RISING = ["#00224e", "#35456c", "#666970", "#a59c74", "#e8d040"];
const RISING_DARK = ["#5a6fae", "#6f86a8", "#8f9a9c", "#b9b078", "#f2dc5a"];

function makePlot(data, box, points, over) {
  const plot = { frame: null, x: null, y: null, limits: null };
  let cells = null;

  // Limits that show nearly all: a few at chance level would squeeze the others into a corner.
  function limitsOf(values, there, n) {
    const some = Float64Array.from(there, (is, i) => (is ? values[i] : NaN)).filter((value) => !isNaN(value)).sort();
    if (!n) return [0, 1];
    let low = some[0];
    const [third, middle, high] = [some[Math.floor(0.03 * (n - 1))], some[n >> 1], some[n - 1]];
    if (middle > third && third - low > 0.8 * (high - third)) low = third - 0.3 * (high - third);
    const margin = 0.04 * (high - low) || Math.abs(high) * 0.05 || 1;
    return [low - margin, high + margin];
  }

  plot.look = function (view, axes, labels) {
    const [x, y] = axes === "ranks" ? [view.truthPercentile, view.scorePercentile] : [view.truth, view.score];
    plot.values = [x, y];
    plot.labels = labels;
    plot.view = view;
    plot.limits = axes === "ranks" ? [[-2, 102], [-2, 102]] : [limitsOf(x, view.there, view.n), limitsOf(y, view.there, view.n)];
    plot.place();
  };

  plot.place = function () {
    const ratio = window.devicePixelRatio || 1, [width, height] = [box.clientWidth, box.clientHeight];
    for (const canvas of [points, over]) [canvas.width, canvas.height] = [width * ratio, height * ratio];
    plot.ratio = ratio;
    plot.frame = { left: 52, top: 12, right: width - 10, bottom: height - 40 };
    const { left, top, right, bottom } = plot.frame, [[x0, x1], [y0, y1]] = plot.limits;
    const { there } = plot.view, [x, y] = plot.values;
    plot.x = new Float32Array(data.n).fill(-1);
    plot.y = new Float32Array(data.n).fill(-1);
    plot.outside = 0;
    for (let i = 0; i < data.n; i++) {
      if (!there[i]) continue;
      const [px, py] = [left + (x[i] - x0) / (x1 - x0) * (right - left), bottom - (y[i] - y0) / (y1 - y0) * (bottom - top)];
      if (px < left || px > right || py < top || py > bottom) { plot.outside++; continue; }
      plot.x[i] = px; plot.y[i] = py;
    }
    cells = null;
  };

  plot.toValues = (px, py) => {
    const { left, top, right, bottom } = plot.frame, [[x0, x1], [y0, y1]] = plot.limits;
    return [x0 + (px - left) / (right - left) * (x1 - x0), y0 + (bottom - py) / (bottom - top) * (y1 - y0)];
  };
  plot.toPlace = (x, y) => {
    const { left, top, right, bottom } = plot.frame, [[x0, x1], [y0, y1]] = plot.limits;
    return [left + (x - x0) / (x1 - x0) * (right - left), bottom - (y - y0) / (y1 - y0) * (bottom - top)];
  };

  // Every point as a stamp of pixels; where many lie on one pixel it is more opaque. `paint` [n] is a place in `colours`.
  plot.draw = function (inside, paint, colours) {
    const context = points.getContext("2d"), [width, height] = [points.width, points.height];
    const style = getComputedStyle(box), ratio = plot.ratio;
    const size = (plot.view.n < 3000 ? 5 : plot.view.n < 40000 ? 3 : 1.5) * ratio, half = size / 2;
    const stamp = [];
    for (let dy = -Math.ceil(half); dy <= half; dy++) for (let dx = -Math.ceil(half); dx <= half; dx++) {
      if (Math.hypot(dx, dy) <= half) stamp.push(dy * width + dx);
    }
    const depth = new Uint16Array(width * height), colour = new Uint8Array(width * height), isOwn = new Uint8Array(width * height);
    for (const own of [0, 1]) {
      for (let i = 0; i < data.n; i++) {
        if (inside[i] !== own || plot.x[i] < 0) continue;
        const at = Math.round(plot.y[i] * ratio) * width + Math.round(plot.x[i] * ratio);
        for (const step of stamp) {
          const pixel = at + step;
          if (own && !isOwn[pixel]) { isOwn[pixel] = 1; depth[pixel] = 0; }
          if (depth[pixel] < 60000) depth[pixel]++;
          if (own && paint) colour[pixel] = paint[i];
        }
      }
    }
    const image = context.createImageData(width, height), pixels = new Uint32Array(image.data.buffer);
    const packed = [style.getPropertyValue("--pale"), ...(paint ? colours : [style.getPropertyValue("--dot")])].map(packColour);
    for (let pixel = 0; pixel < pixels.length; pixel++) {
      if (!depth[pixel]) continue;
      const alpha = Math.min(255, Math.round((isOwn[pixel] ? 150 : 110) + 28 * Math.log2(depth[pixel])));
      pixels[pixel] = packed[isOwn[pixel] ? 1 + (paint ? colour[pixel] : 0) : 0] + alpha * 0x1000000;
    }
    context.putImageData(image, 0, 0);
    drawAxes(context, style);
  };

  function packColour(text) {
    const number = parseInt(text.trim().slice(1), 16);
    return ((number & 255) << 16) + (number & 0xff00) + (number >> 16);  // pixels are ABGR
  }

  function ticksOf([low, high], most) {
    const rough = (high - low) / most, power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough);
    const ticks = [];
    for (let at = Math.ceil(low / step); at * step <= high; at++) ticks.push([at * step, step]);
    return ticks;
  }

  function drawAxes(context, style) {
    const { left, top, right, bottom } = plot.frame;
    context.save();
    context.scale(plot.ratio, plot.ratio);
    context.strokeStyle = style.getPropertyValue("--soft");
    context.fillStyle = style.getPropertyValue("--soft");
    context.font = "12px system-ui, 'DejaVu Sans', sans-serif";
    context.beginPath();
    context.moveTo(left, top); context.lineTo(left, bottom); context.lineTo(right, bottom);
    const text = ([value, step]) => value.toFixed(Math.max(0, -Math.floor(Math.log10(step) + 1e-9)));
    context.textAlign = "center";
    for (const tick of ticksOf(plot.limits[0], (right - left) / 80)) {
      const [x] = plot.toPlace(tick[0], 0);
      context.moveTo(x, bottom); context.lineTo(x, bottom + 4);
      context.fillText(text(tick), x, bottom + 17);
    }
    context.textAlign = "right";
    for (const tick of ticksOf(plot.limits[1], (bottom - top) / 50)) {
      const [, y] = plot.toPlace(0, tick[0]);
      context.moveTo(left - 4, y); context.lineTo(left, y);
      context.fillText(text(tick), left - 7, y + 4);
    }
    context.stroke();
    context.fillStyle = style.getPropertyValue("--ink");
    context.textAlign = "center";
    context.fillText(plot.labels[0], (left + right) / 2, bottom + 34, right - left);
    context.save();
    context.translate(12, (top + bottom) / 2);
    context.rotate(-Math.PI / 2);
    context.fillText(plot.labels[1], 0, 0, bottom - top);
    context.restore();
    if (plot.outside) {
      context.textAlign = "left";
      context.fillText(`${plot.outside.toLocaleString("en")} outside the frame`, left + 6, top + 10);
    }
    context.restore();
  }

  plot.drawOver = function (rectangle, at) {
    const context = over.getContext("2d"), style = getComputedStyle(box);
    context.clearRect(0, 0, over.width, over.height);
    context.save();
    context.scale(plot.ratio, plot.ratio);
    if (rectangle) {
      const [x0, y0, x1, y1] = rectangle;
      context.fillStyle = "rgb(128 128 128 / .13)";
      context.strokeStyle = style.getPropertyValue("--soft");
      context.fillRect(x0, y0, x1 - x0, y1 - y0);
      context.strokeRect(x0, y0, x1 - x0, y1 - y0);
    }
    if (at !== null && plot.x[at] >= 0) {
      context.strokeStyle = style.getPropertyValue("--over");
      context.lineWidth = 2.5;
      context.beginPath();
      context.arc(plot.x[at], plot.y[at], 7, 0, 7);
      context.stroke();
    }
    context.restore();
  };

  // The nearest point within 12 pixels; points are sorted into squares when the first is asked for.
  plot.find = function (px, py) {
    const side = 12, columns = Math.ceil(box.clientWidth / side) + 1, rows = Math.ceil(box.clientHeight / side) + 1;
    if (!cells) {
      const starts = new Uint32Array(columns * rows + 1), cell = (i) => Math.floor(plot.y[i] / side) * columns + Math.floor(plot.x[i] / side);
      for (let i = 0; i < data.n; i++) if (plot.x[i] >= 0) starts[cell(i) + 1]++;
      for (let i = 1; i < starts.length; i++) starts[i] += starts[i - 1];
      const next = starts.slice(), members = new Uint32Array(starts[starts.length - 1]);
      for (let i = 0; i < data.n; i++) if (plot.x[i] >= 0) members[next[cell(i)]++] = i;
      cells = { starts, members };
    }
    let best = null, least = side;
    const [column, row] = [Math.floor(px / side), Math.floor(py / side)];
    for (let r = Math.max(0, row - 1); r <= Math.min(rows - 1, row + 1); r++) {
      for (let c = Math.max(0, column - 1); c <= Math.min(columns - 1, column + 1); c++) {
        for (let k = cells.starts[r * columns + c]; k < cells.starts[r * columns + c + 1]; k++) {
          const i = cells.members[k], away = Math.hypot(plot.x[i] - px, plot.y[i] - py);
          if (away < least) [best, least] = [i, away];
        }
      }
    }
    return best;
  };
  return plot;
}
