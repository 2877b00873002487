/* Keeps one map page in a frame and paints new states into it: no reload, zoom kept.
   Of many states that arrive between two pictures only the last is painted. */
export default {
  render({ model, el }) {
    const frame = document.createElement("iframe");
    frame.className = "jingde-map";
    frame.style.cssText = "width:100%;border:0;display:block;background:#fff";
    const own = Symbol();
    let waiting = 0;
    let outline = null;
    let following = false;
    const page = () => frame.contentWindow && frame.contentWindow.jingde;
    const paint = () => {
      waiting = 0;
      if (!page()) return;
      for (const [level, state] of Object.entries(model.get("states"))) page().paint(level, state);
    };
    const changed = () => {
      waiting = waiting || requestAnimationFrame(paint);
    };
    const show = () => page()?.show(model.get("shown"));
    const units = ([level, places]) => {
      const found = [];
      page()?.layers[level]?.eachLayer((layer) => {
        if (places.includes(layer.feature.properties.i)) found.push(layer);
      });
      return found;
    };
    const mark = () => {
      if (!page()) return;
      outline?.remove();
      outline = null;
      const shapes = model.get("marked").length ? units(model.get("marked")) : [];
      if (!shapes.length) return;
      if (!shapes.some((layer) => layer.isPopupOpen())) page().map.closePopup();
      const style = { color: "#0b57d0", weight: 3.5, fill: false };
      outline = frame.contentWindow.L.geoJSON(shapes.map((layer) => layer.feature), {
        style, interactive: false, pane: "outline",
      }).addTo(page().map);
    };
    const focus = () => {
      if (!page()) return;
      const turned = model.get("focus");
      const shapes = turned.length ? units(turned) : Object.values(page().layers);
      const bounds = frame.contentWindow.L.featureGroup(shapes).getBounds();
      if (bounds.isValid()) page().map.fitBounds(bounds, { padding: [30, 30], animate: false });
    };
    const follow = ({ detail }) => {
      if (detail.own === own || !detail.link || detail.link !== model.get("link") || !page()) return;
      following = true;
      page().map.setView(detail.centre, detail.zoom, { animate: false });
      following = false;
    };
    const lead = () => {
      if (following || !model.get("link")) return;
      const { map } = page();
      const detail = { own, link: model.get("link"), centre: map.getCenter(), zoom: map.getZoom() };
      window.dispatchEvent(new CustomEvent("jingde-moved", { detail }));
    };
    /* beside another map there is no room for the legend on the map: it stands below */
    const arrange = () => {
      const inner = frame.contentDocument;
      const legend = inner?.querySelector(".jd-legend");
      const narrow = frame.clientWidth > 0 && frame.clientWidth < 620;
      if (!legend || narrow === (legend.parentElement === inner.body)) return;
      if (narrow) inner.querySelector("main").after(legend);
      else inner.querySelector(".leaflet-bottom.leaflet-left").append(legend);
      legend.style.cssText = narrow ? "max-width:none;border:0;columns:175px" : "";
      const choice = inner.querySelector(".leaflet-control-layers");
      if (choice) choice.style.display = narrow ? "none" : "";
    };
    const watch = new ResizeObserver(arrange);
    const load = () => {
      frame.height = model.get("height");
      frame.title = model.get("title");
      frame.srcdoc = model.get("document");
    };
    frame.addEventListener("load", () => {
      if (!page()) return;
      outline = null;
      page().onclick = (level, code) => {
        model.set("selected", [level, code]);
        model.save_changes();
      };
      page().map.on("move", lead);
      page().map.on("baselayerchange", ({ layer }) => {
        const level = Object.keys(page().layers).find((name) => page().layers[name] === layer);
        if (level && level !== model.get("shown")) {
          model.set("shown", level);
          model.save_changes();
        }
      });
      paint();
      if (model.get("shown")) show();
      mark();
      arrange();
      if (model.get("focus").length) focus();
    });
    const heard = {
      "change:states": changed, "change:shown": show, "change:document": load,
      "change:marked": mark, "change:focus": focus,
    };
    for (const [event, action] of Object.entries(heard)) model.on(event, action);
    window.addEventListener("jingde-moved", follow);
    load();
    el.append(frame);
    watch.observe(frame);
    return () => {
      cancelAnimationFrame(waiting);
      watch.disconnect();
      window.removeEventListener("jingde-moved", follow);
      for (const [event, action] of Object.entries(heard)) model.off(event, action);
    };
  },
};
