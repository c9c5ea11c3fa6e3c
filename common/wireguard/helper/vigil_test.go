package main

import (
	"testing"
	"time"
)

func TestAskingASilentPeer(t *testing.T) {
	start := time.Now()
	var s silence
	var asked []time.Duration
	for at := time.Duration(0); at < 12*time.Second; at += vigilEvery {
		if now := start.Add(at); s.looked(100, now) {
			s.asked = now
			asked = append(asked, at)
		}
	}
	if len(asked) < 5 || asked[0] != silentMost || asked[1] != silentMost+pauseFirst {
		t.Fatalf("asked at %v", asked)
	}
	for i := 2; i < len(asked); i++ {
		if asked[i]-asked[i-1] < asked[i-1]-asked[i-2] {
			t.Errorf("asked faster and faster: %v", asked)
		}
	}
	now := start.Add(13 * time.Second)
	if s.looked(101, now) || !s.asked.IsZero() || s.looked(101, now.Add(silentMost-1)) {
		t.Error("it was heard, and is asked all the same")
	}
	if !s.looked(101, now.Add(silentMost)) {
		t.Error("the next silence is not noticed")
	}
}
