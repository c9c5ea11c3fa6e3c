// The checksum against the stack's.
package main

import (
	"math/rand"
	"testing"

	"gvisor.dev/gvisor/pkg/tcpip/checksum"
)

func TestSumsAreThoseOfTheStack(t *testing.T) {
	rng := rand.New(rand.NewSource(1))
	for length := 0; length < 300; length++ {
		bytes := make([]byte, length)
		rng.Read(bytes)
		number := uint16(rng.Uint32())
		wanted := checksum.Combine(checksum.Checksum(bytes, 0), number)
		// 0 and 0xffff are the same number in ones' complement.
		if got := fold(sumNumber(sum(bytes, 0), number)); got != wanted && got^wanted != 0xffff {
			t.Fatalf("%d bytes: %#x, not %#x", length, got, wanted)
		}
	}
	if got := fold(sum(make([]byte, 100), 0)); got != 0 {
		t.Fatalf("nothing sums to %#x", got)
	}
}
