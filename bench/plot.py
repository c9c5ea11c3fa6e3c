"""A small SVG bar chart: one group per load, one bar per system, the spread as a line."""

COLOURS = {"adit": "#1f77b4", "nghttpx": "#ff7f0e", "nginx": "#2ca02c", "haproxy": "#d62728", "ssh": "#9467bd"}


def bars(title, unit, groups):
    """`groups`: {load: {system: (median, least, most)}}."""
    width, height, left, bottom = 900, 420, 60, 60
    top = max((most for group in groups.values() for _, _, most in group.values()), default=1) * 1.1
    scale = (height - 40 - bottom) / top
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" font-size="12">',
           '<rect width="100%" height="100%" fill="white"/>', f'<text x="{left}" y="20" font-size="15">{title} ({unit}; less is better)</text>']
    for i in range(6):
        y = height - bottom - scale * top * i / 5
        out.append(f'<line x1="{left}" x2="{width - 10}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/><text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{top * i / 5:.1f}</text>')
    step = (width - left - 10) / max(1, len(groups))
    for g, (load, group) in enumerate(groups.items()):
        bar = step * 0.8 / max(1, len(group))
        for s, (system, (median, least, most)) in enumerate(group.items()):
            x, y = left + g * step + step * 0.1 + s * bar, height - bottom
            middle = x + bar / 2
            out.append(f'<rect x="{x:.1f}" y="{y - median * scale:.1f}" width="{bar * 0.85:.1f}" height="{median * scale:.1f}" fill="{COLOURS.get(system, "#888")}"/>')
            out.append(f'<line x1="{middle:.1f}" x2="{middle:.1f}" y1="{y - least * scale:.1f}" y2="{y - most * scale:.1f}" stroke="black"/>')
            out.append(f'<text x="{middle:.1f}" y="{y + 14}" text-anchor="middle" font-size="10">{system}</text>')
        out.append(f'<text x="{left + g * step + step / 2:.1f}" y="{height - bottom + 36}" text-anchor="middle">{load}</text>')
    return "\n".join(out + ["</svg>", ""])
