"""The arithmetic of the soak."""
import random
import unittest

from soak_figures import bars, flat, levels, percent_per_10_minutes, slope


class Figures(unittest.TestCase):
    def test_a_line_has_its_slope_and_noise_around_a_level_has_nearly_none(self):
        self.assertAlmostEqual(slope([(x, 3 * x + 7) for x in range(10)]), 3)
        self.assertEqual(slope([(1, 5)]), 0)
        self.assertEqual(slope([(1, 5), (1, 9)]), 0)
        chance = random.Random(1)
        percent, error = percent_per_10_minutes([(t, 1000 + chance.uniform(-10, 10)) for t in range(0, 3000, 10)])
        self.assertLess(abs(percent), 0.2)
        self.assertLess(error, 0.05)
        self.assertEqual(percent_per_10_minutes([(0, 1), (1, 2)]), (0, 0))  # two points are on a line, whatever they say

    def test_growth_is_told_in_percent_of_the_mean_and_ten_minutes(self):
        leak = [(t, 990 + t * 20 / 600) for t in range(0, 601, 10)]  # 990 to 1010: 2 % in ten minutes
        for points in (leak, [(t, 2 * v) for t, v in leak]):
            percent, error = percent_per_10_minutes(points)
            self.assertAlmostEqual(percent, 2)
            self.assertAlmostEqual(error, 0)
        self.assertEqual(percent_per_10_minutes([(5, 7)] * 3), (0, 0))

    def test_descriptors_that_come_and_go_are_flat_and_those_that_stay_are_not(self):
        chance = random.Random(2)
        self.assertTrue(flat([(t, 200 + chance.randrange(40)) for t in range(300)]))
        self.assertFalse(flat([(t, 200 + t // 10) for t in range(300)]))
        self.assertTrue(flat([(t, 300 - t) for t in range(300)]))
        self.assertEqual(levels([(0, 1), (1, 9), (2, 3)]), {"first": 1, "last": 3, "most": 9})

    def test_the_picture_goes_from_least_to_most(self):
        self.assertEqual(bars([0, 1, 2, 3, 4, 5, 6, 7]), "▁▂▃▄▅▆▇█")
        self.assertEqual(bars([5, 5]), "▁▁")
        self.assertEqual(len(bars(list(range(1000)), 60)), 60)


unittest.main()
