package main

import (
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"
)

const buckets = 200 // of times, each a tenth longer than the one before, from 10 us

// counters are what came of the requests.
type counters struct {
	again atomic.Int64
	times [buckets]atomic.Int64

	mutex   sync.Mutex
	rights  map[string]int64
	wrongs  map[string]int64
	excuses map[string]int64
	texts   []string
}

func (c *counters) began() {
	c.rights, c.wrongs, c.excuses = map[string]int64{}, map[string]int64{}, map[string]int64{}
}

func (c *counters) took(time time.Duration) {
	bucket := int(math.Log(float64(time.Microseconds())/10+1) / math.Log(1.1))
	if bucket >= buckets {
		bucket = buckets - 1
	}
	c.times[bucket].Add(1)
}

func (c *counters) right(name string) {
	c.mutex.Lock()
	c.rights[name]++
	c.mutex.Unlock()
}

func (c *counters) wrong(name string, at time.Duration, err error) {
	c.mutex.Lock()
	c.wrongs[name]++
	if len(c.texts) < wrongMost {
		c.texts = append(c.texts, fmt.Sprintf("at %.1f s, %s: %v", at.Seconds(), name, err))
	}
	c.mutex.Unlock()
}

func (c *counters) excuse(name string, err error) {
	c.mutex.Lock()
	c.excuses[fmt.Sprintf("%s: %.40s", name, err.Error())]++
	c.mutex.Unlock()
}

// percentile in milliseconds, of the upper end of a bucket.
func (c *counters) percentile(share float64) float64 {
	all, sum := int64(0), int64(0)
	for i := range c.times {
		all += c.times[i].Load()
	}
	for i := range c.times {
		if sum += c.times[i].Load(); float64(sum) >= share*float64(all) {
			return math.Round((math.Pow(1.1, float64(i+1))-1)*10) / 1000
		}
	}
	return 0
}

func (c *counters) tell() map[string]interface{} {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	copied := func(from map[string]int64) (map[string]int64, int64) {
		to, all := map[string]int64{}, int64(0)
		for name, count := range from {
			to[name] = count
			all += count
		}
		return to, all
	}
	right, rights := copied(c.rights)
	wrong, wrongs := copied(c.wrongs)
	excused, excuses := copied(c.excuses)
	return map[string]interface{}{"right": right, "wrong": wrong, "excused": excused, "rights": rights, "wrongs": wrongs, "excuses": excuses, "again": c.again.Load(),
		"texts": append([]string{}, c.texts...), "milliseconds": map[string]float64{"p50": c.percentile(0.5), "p90": c.percentile(0.9), "p99": c.percentile(0.99)}}
}
