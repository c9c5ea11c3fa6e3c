// What the helper has to say to people goes to its parent as events, in a bounded stream.
package main

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"golang.zx2c4.com/wireguard/device"
)

// At most this many lines in a second; the rest is counted. Anybody who can send a datagram can cause one.
const linesPerSecond = 10

type logger struct {
	lines chan event

	mutex   sync.Mutex
	second  int64
	said    int
	skipped int
}

// newLogger writes on a goroutine of its own, so that nobody who logs waits for the parent.
func newLogger(write func(event)) *logger {
	log := &logger{lines: make(chan event, 64)}
	go func() {
		for line := range log.lines {
			write(line)
		}
	}()
	return log
}

func (l *logger) say(level, format string, arguments ...any) {
	words := fmt.Sprintf(format, arguments...)
	l.mutex.Lock()
	now := time.Now().Unix()
	if now != l.second {
		if l.skipped > 0 {
			words = fmt.Sprintf("%s (%d lines before this were left out)", words, l.skipped)
		}
		l.second, l.said, l.skipped = now, 0, 0
	}
	l.said++
	full := l.said > linesPerSecond
	if full {
		l.skipped++
	}
	l.mutex.Unlock()
	if full {
		return
	}
	l.tell(event{Event: "log", Level: level, Words: words})
}

// tell sends an event, unless the parent is too slow to take it.
func (l *logger) tell(line event) {
	select {
	case l.lines <- line:
	default:
	}
}

// fatal gives the last words up to a second to leave.
func (l *logger) fatal(words string) {
	l.tell(event{Event: "log", Level: "error", Words: words})
	for i := 0; i < 100 && len(l.lines) > 0; i++ {
		time.Sleep(10 * time.Millisecond)
	}
}

// forDevice is what wireguard-go logs to. Its verbose lines are one a packet and go nowhere.
func (l *logger) forDevice(name string) *device.Logger {
	return &device.Logger{
		Verbosef: device.DiscardLogf,
		Errorf: func(format string, arguments ...any) {
			words := fmt.Sprintf(format, arguments...)
			// A keepalive was due for a peer that is about to come for the first time.
			if !strings.HasSuffix(words, "no known endpoint for peer") {
				l.say("warning", "device %s: %s", name, words)
			}
		},
	}
}
