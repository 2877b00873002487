
"use strict";
/* Paints the step under the slider: map, numbers, sentence. Text enters through textContent only. */
(() => {
  const box = document.currentScript.parentElement;
  const { level, base, steps } = JSON.parse(box.querySelector("script").textContent);
  const [frame, slider, shown, told] = ["iframe", "input", "output", ".jd-told"].map((s) => box.querySelector(s));
  const cells = box.querySelectorAll("dd");
  const paint = () => {
    const step = steps[slider.value];
    shown.textContent = step.name;
    slider.setAttribute("aria-valuetext", step.name);
    told.textContent = step.sentence;
    cells.forEach((cell, i) => (cell.textContent = step.numbers[i]));
    const map = frame.contentWindow && frame.contentWindow.jingde;
    if (!map) return;
    const rows = base.rows.map((row, i) => [...step.rows[i], ...row.slice(2)]);
    map.paint(level, { ...base, rows, legend: step.legend });
  };
  slider.addEventListener("input", paint);
  frame.addEventListener("load", paint);
  paint();
})();
