/* Keeps one map page in a frame and paints new states into it: no reload, zoom kept.
   Of many states that arrive between two pictures only the last is painted. */
export default {
  render({ model, el }) {
    const frame = document.createElement("iframe");
    frame.className = "jingde-map";
    frame.style.cssText = "width:100%;border:0;display:block;background:#fff";
    let waiting = 0;
    const paint = () => {
      waiting = 0;
      const page = frame.contentWindow && frame.contentWindow.jingde;
      if (!page) return;
      for (const [level, state] of Object.entries(model.get("states"))) page.paint(level, state);
    };
    const changed = () => {
      waiting = waiting || requestAnimationFrame(paint);
    };
    const show = () => frame.contentWindow.jingde?.show(model.get("shown"));
    const load = () => {
      frame.height = model.get("height");
      frame.title = model.get("title");
      frame.srcdoc = model.get("document");
    };
    frame.addEventListener("load", () => {
      const page = frame.contentWindow.jingde;
      if (!page) return;
      page.onclick = (level, code) => {
        model.set("selected", [level, code]);
        model.save_changes();
      };
      paint();
      if (model.get("shown")) show();
    });
    model.on("change:states", changed);
    model.on("change:shown", show);
    model.on("change:document", load);
    load();
    el.append(frame);
    return () => {
      cancelAnimationFrame(waiting);
      model.off("change:states", changed);
      model.off("change:shown", show);
      model.off("change:document", load);
    };
  },
};
