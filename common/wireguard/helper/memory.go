// How much memory the process holds: a bound, and giving back what a burst needed once it is over. And who may read it.
package main

import (
	"runtime"
	"runtime/debug"
	"time"

	"golang.org/x/sys/unix"
)

const (
	memoryDefault = 64 << 20 // bytes of the whole process, until a device asks for another bound
	memoryLeast   = 24 << 20
	// The runtime's limit is of what it maps itself; text and data of the program count for the process as well.
	memoryOfProgram = 8 << 20
	// The heap is small, and most of what is allocated lives for one packet: collecting more often costs little.
	collectAtGrowth = 150 // percent

	tidyEvery = 5 * time.Second
	tidyAfter = 1 << 20 // bytes allocated since the last time
)

// hideMemory keeps private keys out of core dumps and from other processes of the same user. Whoever started us may have
// done so for itself; a program that is started begins anew (prctl(2)). A kernel that refuses leaves us as we were.
func hideMemory() {
	_ = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
}

// limitMemory bounds the whole process, in bytes.
func limitMemory(bytes uint64) {
	if bytes < memoryLeast {
		bytes = memoryLeast
	}
	debug.SetMemoryLimit(int64(bytes - memoryOfProgram))
}

// tidyMemory runs for ever. After a burst the runtime would keep its memory for minutes; a period in which nothing was
// collected is one in which little happens, so there is time to give it back.
func tidyMemory() {
	var stats runtime.MemStats
	var collections uint32
	var allocated uint64
	for range time.Tick(tidyEvery) {
		runtime.ReadMemStats(&stats)
		if stats.NumGC == collections && stats.TotalAlloc-allocated > tidyAfter {
			// Pools keep what they have over one collection, and a stack shrinks by half in each.
			runtime.GC()
			runtime.GC()
			debug.FreeOSMemory()
			runtime.ReadMemStats(&stats)
			allocated = stats.TotalAlloc
		}
		collections = stats.NumGC
	}
}
