"use strict";
/* Paints states (classes, texts, legend: all worked out in Python) over folium's layers.
   Text enters the page through textContent only. `jingde.paint(level, state)` repaints in
   place: zoom, open popup and layer choice stay. */
function jingdeMap(map, layers, outline, places, states, start, scaled) {
  const make = (tag, name, text) => {
    const element = document.createElement(tag);
    if (name) element.className = name;
    if (text) element.textContent = text;
    return element;
  };
  const indexOf = (layer) => layer.feature.properties.i;
  let shown = start;
  let moved = false;

  const card = (level) => (layer) => {
    const state = states[level];
    const row = state.rows[indexOf(layer)];
    const box = make("div", "jd-card");
    box.append(make("b", "", places[level][indexOf(layer)][1]));
    state.fields.forEach((field, i) => {
      if (!row[i + 1]) return;
      const line = make("div");
      line.append(make("span", "", field), make(i ? "span" : "strong", "", row[i + 1]));
      box.append(line);
    });
    if (row[state.fields.length + 1]) box.append(make("div", "jd-note", state.small));
    return box;
  };

  const legend = L.control({ position: "bottomleft" });
  legend.onAdd = () => make("div", "jd-legend");
  legend.addTo(map);
  const drawLegend = () => {
    const state = states[shown];
    const list = make("ul");
    for (const [colour, text, count] of state.legend) {
      const item = make("li");
      const swatch = make("i");
      swatch.style.backgroundColor = colour;
      item.append(swatch, make("span", "", text), make("em", "", count));
      list.append(item);
    }
    legend.getContainer().replaceChildren(make("b", "", state.legendTitle), list);
    if (state.note) legend.getContainer().append(make("small", "", state.note));
    document.getElementById("jd-title").textContent = state.title;
    document.getElementById("jd-subtitle").textContent = state.subtitle;
    document.title = state.title;
  };

  const colour = (level) => (feature) => {
    const state = states[level];
    return { fillColor: state.legend[state.rows[feature.properties.i][0]][0] };
  };
  const refresh = (layer) => {
    for (const bound of [layer.getTooltip(), layer.getPopup()]) {
      if (bound && bound.isOpen()) bound.setContent(bound._content);
    }
  };
  for (const [level, group] of Object.entries(layers)) {
    group.setStyle(colour(level));
    group.eachLayer((layer) => {
      layer.bindTooltip(card(level), { sticky: true, className: "jd-tip" });
      layer.bindPopup(card(level), { className: "jd-popup", closeButton: false });
      layer.on({
        mouseover: () => layer.setStyle({ weight: 2.5, color: "#222" }).bringToFront(),
        mouseout: () => layer.setStyle({ weight: group.options.weight, color: group.options.color }),
        popupopen: () => layer.closeTooltip(),
        click: () => jingde.onclick && jingde.onclick(level, places[level][indexOf(layer)][0]),
      });
    });
    group.on("add", () => {
      shown = level;
      drawLegend();
    });
  }
  if (outline) {
    outline.eachLayer((layer) => {
      const name = make("span", "", places.town[indexOf(layer)][1]);
      layer.bindTooltip(name, { permanent: true, direction: "center", className: "jd-town", pane: "outline" });
    });
  }
  drawLegend();
  if (scaled) L.control.scale({ imperial: false, position: "bottomright" }).addTo(map);

  const whole = L.featureGroup(Object.values(layers)).getBounds();
  const fit = () => {
    if (!whole.isValid()) return;
    const room = map.getSize().x > 620 ? 190 : 0;
    map.fitBounds(whole, { paddingTopLeft: [room, 8], paddingBottomRight: [room ? 60 : 0, 8], animate: false });
  };
  map.on("dragstart", () => (moved = true));
  map.getContainer().addEventListener("wheel", () => (moved = true), { passive: true });
  map.on("zoomstart", (event) => (moved = moved || Boolean(event.originalEvent)));
  new ResizeObserver(() => {
    map.invalidateSize({ animate: false });
    if (!moved) fit();
  }).observe(map.getContainer());
  fit();

  window.jingde = {
    map,
    layers,
    shown: () => shown,
    state: (level) => states[level || shown],
    show(level) {
      for (const [other, group] of Object.entries(layers)) {
        if (other === level) group.addTo(map);
        else group.remove();
      }
    },
    paint(level, state) {
      states[level] = state;
      layers[level].setStyle(colour(level));
      layers[level].eachLayer(refresh);
      if (level === shown) drawLegend();
    },
  };
}
