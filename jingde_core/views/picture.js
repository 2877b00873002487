/* Shows a chart's SVG; its first set of points tells names on hover and codes on click. */
export default {
  render({ model, el }) {
    const draw = () => {
      el.innerHTML = model.get("svg");
      const marks = el.querySelector("g.mark-symbol")?.children ?? [];
      model.get("points").forEach(([code, name], i) => {
        if (!marks[i]) return;
        const title = document.createElementNS("http://www.w3.org/2000/svg", "title");
        title.textContent = name;
        marks[i].append(title);
        marks[i].setAttribute("aria-label", name);
        marks[i].style.cursor = "pointer";
        marks[i].addEventListener("click", () => {
          model.set("selected", code);
          model.save_changes();
        });
      });
    };
    model.on("change:svg", draw);
    draw();
    return () => model.off("change:svg", draw);
  },
};
