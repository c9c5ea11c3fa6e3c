"""What the samples of a soak say: slopes, levels, and a picture in characters. Pure."""
import statistics

BARS = "▁▂▃▄▅▆▇█"


def slope(points):
    """Least squares through (x, y): by how much y grows with one x."""
    if len(points) < 2:
        return 0.0
    xs, ys = zip(*points)
    x, y = statistics.fmean(xs), statistics.fmean(ys)
    spread = sum((a - x) ** 2 for a in xs)
    return sum((a - x) * (b - y) for a, b in points) / spread if spread else 0.0


def percent_per_10_minutes(points):
    """Growth of (seconds, value) in percent of the mean, and its standard error."""
    mean = statistics.fmean(value for _, value in points) if points else 0
    if not mean or len(points) < 3:
        return 0.0, 0.0
    x = statistics.fmean(at for at, _ in points)
    by = slope(points)
    rest = sum((value - mean - by * (at - x)) ** 2 for at, value in points)
    spread = sum((at - x) ** 2 for at, _ in points)
    error = (rest / (len(points) - 2) / spread) ** 0.5 if spread else 0.0
    return by * 600 / mean * 100, error * 600 / mean * 100


def levels(points):
    """Medians of the first and the last third, and the most."""
    values = [value for _, value in points]
    third = max(1, len(values) // 3)
    return {"first": statistics.median(values[:third]), "last": statistics.median(values[-third:]), "most": max(values)} if values else {"first": 0, "last": 0, "most": 0}


def flat(points, slack=4, share=0.03):
    """Whether the last third stands where the first stood, but for some that come and go with the requests under way."""
    level = levels(points)
    return level["last"] <= level["first"] + max(slack, share * level["first"])


def bars(values, width=60):
    """One line of bars, from the least to the most."""
    if not values:
        return ""
    step = max(1, len(values) / width)
    means = [statistics.fmean(values[int(i * step):max(int(i * step) + 1, int((i + 1) * step))]) for i in range(min(width, len(values)))]
    least, most = min(means), max(means)
    return "".join(BARS[int((value - least) / (most - least) * 7.999) if most > least else 0] for value in means)
