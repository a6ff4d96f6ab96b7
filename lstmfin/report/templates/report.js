"use strict";
// Sorting of the watch-list: numbers by their size, texts by their order, what is not there last.
(() => {
  const table = document.querySelector("table.watch");
  if (!table) return;
  const body = table.tBodies[0], heads = [...table.tHead.rows[0].cells];
  const picker = document.getElementById("sorter"), said = document.getElementById("sorted");
  const order = new Intl.Collator("en", { numeric: true }).compare;
  const sort = (at, direction) => {
    const head = heads[at], sign = direction === "descending" ? -1 : 1;
    const isNumber = head.dataset.kind === "number";
    const rows = [...body.rows].map((row, place) => {
      const key = row.cells[at].dataset.key;
      return { row, place, key: key !== undefined && isNumber ? Number(key) : key };
    });
    rows.sort((a, b) => {
      if (a.key === undefined || b.key === undefined)
        return (a.key === undefined) - (b.key === undefined) || a.place - b.place;
      const by = isNumber ? a.key - b.key : order(a.key, b.key);
      return sign * by || a.place - b.place;
    });
    body.append(...rows.map((one) => one.row));
    for (const other of heads) if (other.dataset.kind) other.setAttribute("aria-sort", other === head ? direction : "none");
    picker.value = `${head.dataset.column} ${direction}`;
    said.textContent = `Sorted by ${head.textContent.trim()}, ${direction}.`;
  };
  heads.forEach((head, at) => {
    const button = head.querySelector("button");
    if (button) button.addEventListener("click", () =>
      sort(at, head.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending"));
  });
  picker.addEventListener("change", () => {
    const [column, direction] = picker.value.split(" ");
    if (column) sort(heads.findIndex((head) => head.dataset.column === column), direction);
  });
})();

// Values of a chart under the pointer or by the arrow keys: a row of the table below it.
(() => {
  const SVG = "http://www.w3.org/2000/svg";
  for (const figure of document.querySelectorAll("figure.chart")) {
    const plot = figure.querySelector(".plot"), panels = [...plot.querySelectorAll("svg.panel")];
    const table = figure.querySelector("table.values"), rows = table.tBodies[0].rows, n = rows.length;
    const names = [...table.tHead.rows[0].cells].map((cell) => cell.textContent);
    let tip = null, at = n - 1;
    const words = (row) => [...row.cells].map((cell, k) => [names[k], cell.textContent]).filter((one) => one[1]);
    const element = (parent, tag, attributes) => {
      const made = document.createElementNS(SVG, tag);
      for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
      parent.append(made);
    };
    const clear = () => {
      for (const one of plot.querySelectorAll(".cross,.mark,.tip")) one.remove();
      tip = null;
    };
    const show = (place) => {
      at = Math.min(Math.max(place, 0), n - 1);
      clear();
      const share = (at + 0.5) / n, x = `${100 * share}%`;
      for (const panel of panels) {
        element(panel, "line", { class: "cross", x1: x, x2: x, y1: 0, y2: "100%" });
        for (const line of panel.querySelectorAll(".line,.dot")) {
          const k = line.classList.contains("dot") ? (at - line.dataset.first ? -1 : 0) : at - line.dataset.first;
          if (k < 0 || k >= line.points.length) continue;
          const style = [...line.classList].filter((one) => !["line", "dot", "dashed"].includes(one));
          element(panel, "circle", { class: `mark ${style.join(" ")}`, cx: x, cy: `${line.points[k].y / 10}%`, r: 3.5 });
        }
      }
      tip = document.createElement("div");
      tip.className = "tip";
      const [title, ...values] = words(rows[at]);
      const head = document.createElement("b");
      head.textContent = title[1];
      tip.append(head);
      for (const [name, value] of values) {
        const line = document.createElement("span"), label = document.createElement("i");
        label.textContent = name;
        line.append(label, value);
        tip.append(line);
      }
      plot.append(tip);
      const width = panels[0].getBoundingClientRect().width, room = plot.getBoundingClientRect().width;
      const left = share * width;
      tip.style.left = `${Math.max(0, Math.min(left < width / 2 ? left + 14 : left - 14 - tip.offsetWidth, room - tip.offsetWidth))}px`;
      tip.style.top = "1.6rem";
      plot.setAttribute("aria-valuenow", at);
      plot.setAttribute("aria-valuetext", [title[1], ...values.map((one) => one.join(" "))].join(", "));
    };
    plot.tabIndex = 0;
    for (const [name, value] of Object.entries({
      role: "slider", "aria-label": `${plot.dataset.label}: values by ${names[0]}, arrow keys move`,
      "aria-orientation": "horizontal", "aria-valuemin": 0, "aria-valuemax": n - 1, "aria-valuenow": at,
      "aria-valuetext": words(rows[at]).map((one) => one[1]).join(", "),
    })) plot.setAttribute(name, value);
    const point = (event) => {
      const box = panels[0].getBoundingClientRect();
      show(Math.floor(((event.clientX - box.left) / box.width) * n));
    };
    plot.addEventListener("pointermove", point);
    plot.addEventListener("pointerdown", point);
    plot.addEventListener("pointerleave", (event) => { if (event.pointerType === "mouse" && !plot.matches(":focus-visible")) clear(); });
    plot.addEventListener("focus", () => { if (plot.matches(":focus-visible")) show(at); });
    plot.addEventListener("blur", clear);
    plot.addEventListener("keydown", (event) => {
      const big = Math.max(Math.round(n / 10), 1);
      const to = { ArrowLeft: at - 1, ArrowDown: at - 1, ArrowRight: at + 1, ArrowUp: at + 1, PageDown: at - big, PageUp: at + big, Home: 0, End: n - 1 }[event.key];
      if (event.key === "Escape") clear();
      if (to === undefined) return;
      event.preventDefault();
      show(to);
    });
  }
})();
