"use strict";
/* Paints states (classes, texts, legend: all worked out in Python) over folium's layers.
   Text enters the page through textContent only. `jingde.paint(level, state)` repaints in
   place: zoom, open popup and layer choice stay. */
function jingdeMap(map, layers, outline, groups, given) {
  const { places, states, start, scaled, overlays, basemap, stages } = given;
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
      if (basemap) swatch.style.opacity = basemap.opacity;
      item.append(swatch, make("span", "", text), make("em", "", count));
      list.append(item);
    }
    legend.getContainer().replaceChildren(make("b", "", state.legendTitle), list);
    if (state.note) legend.getContainer().append(make("small", "", state.note));
    drawOverlayLegend();
    document.getElementById("jd-title").textContent = state.title;
    document.getElementById("jd-subtitle").textContent = state.subtitle;
    document.title = state.title;
  };

  const disc = (overlay, text, radius) => {
    const element = make("span", "jd-disc", text);
    element.style.cssText = `width:${2 * radius}px;height:${2 * radius}px`;
    element.style.backgroundColor = overlay.colour;
    element.style.color = overlay.ink;
    return element;
  };
  const drawOverlayLegend = () => {
    const on = groups.map((group, i) => map.hasLayer(group) && overlays.layers[i]).filter(Boolean);
    if (!on.length) return;
    const list = make("ul", "jd-overlays");
    for (const overlay of on) {
      const item = make("li");
      item.append(disc(overlay, "", 6), make("span", "", overlay.title), make("em", "", overlay.legend));
      list.append(item);
    }
    legend.getContainer().append(list, make("small", "", overlays.note));
  };
  const circle = (overlay, [village, count, radius, lines], side) => {
    const [code, name] = places.village[village];
    const point = overlays.points[village];
    if (!point) return null;
    const box = make("div", "jd-card");
    const table = make("section");
    for (const cells of lines) table.append(...cells.map((cell) => make("span", "", cell)));
    box.append(make("b", "", `${name} ${overlay.title}`), table);
    const html = disc(overlay, count, radius);
    html.style.transform = `translate(var(--jd-right-${side}, 0), var(--jd-down-${side}, 0))`;
    const icon = L.divIcon({ className: "jd-at", html, iconSize: [2 * radius, 2 * radius] });
    /* small circles lie above large ones, so that none is lost */
    return L.marker(point, { icon, keyboard: false, zIndexOffset: Math.round(-1000 * radius) })
      .bindTooltip(box, { sticky: true, className: "jd-tip" })
      .on("click", () => jingde.onclick && jingde.onclick("village", code));
  };
  groups.forEach((group, i) => {
    const overlay = overlays.layers[i];
    for (const one of overlay.circles) circle(overlay, one, i)?.addTo(group);
  });
  /* of the overlays on show each keeps to its side of the point; one alone stands on it */
  const arrange = () => {
    const on = groups.map((_, i) => i).filter((i) => map.hasLayer(groups[i]));
    on.forEach((i, place) => {
      const [right, down] = overlays.asides[on.length - 1][place];
      map.getContainer().style.setProperty(`--jd-right-${i}`, `${right}px`);
      map.getContainer().style.setProperty(`--jd-down-${i}`, `${down}px`);
    });
  };
  arrange();
  map.on("overlayadd overlayremove", () => {
    arrange();
    drawLegend();
  });

  if (basemap) {
    const credit = L.control({ position: "bottomright" });
    const failure = make("b", "", basemap.failed);
    failure.hidden = true;
    credit.onAdd = () => {
      const box = make("div", "jd-credit");
      box.append(failure, make("span", "", basemap.credit));
      return box;
    };
    credit.addTo(map);
    const failed = new Set();
    for (const address of basemap.addresses) {
      const layer = L.tileLayer(address, { maxNativeZoom: basemap.deepest, maxZoom: 20 });
      const told = (change) => () => {
        change();
        failure.hidden = !failed.size;
      };
      layer.on("loading", told(() => failed.delete(layer)));
      layer.on("tileerror", told(() => failed.add(layer)));
      layer.addTo(map);
    }
  }

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
      layer.bindTooltip(name, { permanent: true, direction: "center", className: "jd-town", pane: "names" });
    });
  }
  drawLegend();
  if (scaled) L.control.scale({ imperial: false, position: "bottomright" }).addTo(map);

  const whole = L.featureGroup(Object.values(layers)).getBounds();
  const fit = () => {
    /* a frame that is not laid out yet has no size to fit to */
    if (!whole.isValid() || !map.getSize().x || !map.getSize().y) return;
    const wide = map.getSize().x > 620;
    /* on a phone the layers take the upper part, the legend the lower, the map what is left */
    const below = wide ? 8 : Math.min(legend.getContainer().offsetHeight + 8, map.getSize().y / 2);
    const above = wide ? 8 : Math.min(map.getSize().y / 4, 100);
    map.fitBounds(whole, { paddingTopLeft: [wide ? 190 : 0, above], paddingBottomRight: [wide ? 60 : 0, below], animate: false });
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

  if (stages && stages.length) {
    const control = L.control({ position: "topleft" });
    control.onAdd = () => {
      const box = make("div", "jd-stages");
      const slider = make("input");
      const names = make("div");
      Object.assign(slider, { type: "range", min: 0, max: stages.length - 1, step: 1, value: 0 });
      names.append(...stages.map(([name]) => make("span", "", name)));
      const go = () => {
        const [name, painted] = stages[slider.value];
        slider.setAttribute("aria-valuetext", name);
        [...names.children].forEach((each, i) => each.classList.toggle("jd-now", i === +slider.value));
        for (const level of Object.keys(layers)) {
          const title = `${painted[level].title} · ${name}`;
          jingde.paint(level, { ...painted[level], title });
        }
      };
      [...names.children].forEach((each, i) => (each.onclick = () => ((slider.value = i), go())));
      slider.oninput = go;
      L.DomEvent.disableClickPropagation(box);
      box.append(slider, names);
      setTimeout(go);
      return box;
    };
    control.addTo(map);
  }
}
