// Adit-wireguard is a WireGuard network end in user space: wireguard-go's device over gVisor's TCP/IP, as a process of
// its own. The program that starts it speaks to it over descriptor 3 and gets each connection as a descriptor; when
// that descriptor is closed, the helper ends. It takes no arguments, reads no environment and needs no privilege.
package main

import (
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"
)

func main() {
	// Whoever started us ends us by closing descriptor 3, after it has drained: a signal to its whole group is not ours.
	signal.Ignore(syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT)
	hideMemory()
	runtime.GOMAXPROCS(1) // until a device asks for more
	debug.SetGCPercent(collectAtGrowth)
	limitMemory(memoryDefault)

	control, err := newControl(3)
	if err != nil {
		fmt.Fprintf(os.Stderr, "adit-wireguard: descriptor 3: %v; this program is started by adit-agent and adit-connector\n", err)
		os.Exit(2)
	}
	helper := newHelper(control)
	go guard(helper.log, tidyMemory)
	guard(helper.log, helper.serve)
	helper.leave()
}

// guard runs what may not fail. A bug that surfaces there ends the process, with an event that says so first.
func guard(log *logger, run func()) {
	defer func() {
		if bug := recover(); bug != nil {
			log.fatal(fmt.Sprintf("the helper met a bug and ends: %v", bug))
			fmt.Fprintf(os.Stderr, "adit-wireguard: %v\n%s", bug, debug.Stack())
			os.Exit(2)
		}
	}()
	run()
}
