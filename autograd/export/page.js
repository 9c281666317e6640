"use strict";
(() => {
  const steps = JSON.parse(document.getElementById("data").textContent);
  const at = id => document.getElementById(id);
  const boxes = new Map([...document.querySelectorAll(".n[id]")].map(g => [Number(g.id.slice(1)), g]));
  const edges = new Map();
  for (const path of document.querySelectorAll("[data-e]")) {
    const key = path.dataset.e.split("-")[1] + " " + path.dataset.e.split("-")[0];
    edges.set(key, (edges.get(key) || []).concat(path));
  }
  let position = 0, timer = null;

  // What every gradient reads after a step: all that was set up to it.
  function state(count) {
    const texts = new Map(), reached = new Set();
    for (const step of steps.slice(0, count)) {
      for (const [box, text] of step.sets) texts.set(box, text);
      reached.add(step.box);
    }
    return [texts, reached];
  }

  function show(count) {
    position = Math.max(0, Math.min(steps.length, count));
    const [texts, reached] = state(position);
    const step = position ? steps[position - 1] : null;
    for (const [index, g] of boxes) {
      g.classList.toggle("now", step !== null && step.box === index);
      g.classList.toggle("done", reached.has(index));
      g.classList.toggle("part", texts.has(index) && !reached.has(index));
      const text = g.querySelector(".g");
      if (text) text.textContent = texts.has(index) ? "grad " + texts.get(index) : "";
    }
    for (const paths of edges.values()) for (const path of paths) path.classList.remove("now");
    at("name").textContent = step ? step.name : "Before the first step";
    at("line").textContent = step ? step.line : "Every gradient starts at 0; the result's own is 1.";
    const body = at("flow").tBodies[0];
    body.replaceChildren();
    at("flow").hidden = !step || !step.out.length;
    for (const [name, local, value, box] of step ? step.out : []) {
      const row = body.insertRow();
      for (const text of [name, local, value]) row.insertCell().textContent = text;
      for (const path of edges.get(step.box + " " + box) || []) path.classList.add("now");
    }
    for (const row of at("leaves").rows) row.hidden = Number(row.dataset.step) >= position;
    at("slider").value = position;
    at("count").textContent = `step ${position} of ${steps.length}`;
    document.body.dataset.step = position;
    if (step) reveal(boxes.get(step.box));
    if (position === steps.length) stop();
  }

  function reveal(box) {
    const view = at("graph"), seen = view.getBoundingClientRect(), own = box.getBoundingClientRect();
    if (own.top < seen.top || own.bottom > seen.bottom) view.scrollTop += own.top - seen.top - seen.height / 2;
    if (own.left < seen.left || own.right > seen.right) view.scrollLeft += own.left - seen.left - seen.width / 2;
  }

  function stop() {
    clearInterval(timer);
    timer = null;
    at("play").textContent = "play";
    at("play").setAttribute("aria-label", "play");
  }

  function play() {
    if (timer !== null) return stop();
    if (position === steps.length) show(0);
    timer = setInterval(() => show(position + 1), Number(at("pace").value));
    at("play").textContent = "pause";
    at("play").setAttribute("aria-label", "pause");
  }

  function go(count) { stop(); show(count); }
  at("first").onclick = () => go(0);
  at("back").onclick = () => go(position - 1);
  at("next").onclick = () => go(position + 1);
  at("last").onclick = () => go(steps.length);
  at("play").onclick = play;
  at("slider").oninput = event => go(Number(event.target.value));
  at("pace").onchange = () => { if (timer !== null) { stop(); play(); } };
  document.addEventListener("keydown", event => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.tagName === "SELECT") return;
    const keys = { ArrowRight: () => go(position + 1), ArrowLeft: () => go(position - 1), Home: () => go(0), End: () => go(steps.length), " ": play };
    if (!keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  });
  // A graph a little wider than its pane is made to fit; a much wider one scrolls, and stays readable.
  function fit() {
    const svg = at("graph").querySelector("svg"), own = svg.viewBox.baseVal.width, room = at("graph").clientWidth - 16;
    svg.style.width = own > room && room / own > 0.6 ? room + "px" : "";
    svg.style.height = svg.style.width ? "auto" : "";
  }
  addEventListener("resize", fit);
  fit();
  const wanted = /^#step=(\d+)$/.exec(location.hash);
  show(location.hash === "#end" ? steps.length : wanted ? Number(wanted[1]) : 0);
})();
