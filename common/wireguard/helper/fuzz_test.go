// Any bytes at all to what reads them: datagrams before anybody is known, the kernel's messages beside them, packets of
// peers, requests. `go test` runs the seeds, and what testdata/fuzz has; scripts/fuzz goes on from there.
package main

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"os"
	"syscall"
	"testing"
	"time"

	"golang.zx2c4.com/wireguard/device"
	"gvisor.dev/gvisor/pkg/tcpip/header"
)

func FuzzDatagramsOfStrangers(f *testing.F) {
	private := key{1, 2, 3}
	for kind, size := range map[uint32]int{
		device.MessageInitiationType: device.MessageInitiationSize, device.MessageResponseType: device.MessageResponseSize,
		device.MessageCookieReplyType: device.MessageCookieReplySize, device.MessageTransportType: device.MinMessageSize,
	} {
		datagram := make([]byte, size)
		native.PutUint32(datagram, kind)
		f.Add(datagram, uint8(0), false)
		f.Add(datagram[:size-1], uint8(3), true)
		f.Add(datagram, uint8(200), false)
		f.Add(datagram, uint8(0), true)
		f.Add(datagram, uint8(200), true)
	}
	f.Fuzz(func(t *testing.T, datagram []byte, before uint8, knowsOurKey bool) {
		if !plausible(datagram) {
			return
		}
		c := newDoorCase(private)
		defer c.door.close()
		now := time.Unix(1_800_000_000, 0)
		if knowsOurKey && native.Uint32(datagram) == device.MessageInitiationType { // no fuzzer finds the checksum
			datagram = append([]byte(nil), datagram...)
			var sender device.CookieGenerator
			sender.Init(device.NoisePublicKey(c.door.public))
			sender.AddMacs(datagram)
		}
		c.door.window, c.door.inWindow = now, int(before)
		admitted := c.door.admit(datagram, c.from, now)
		if kind := native.Uint32(datagram); admitted && kind != device.MessageTransportType {
			t.Fatalf("a message of kind %d comes in, and nobody is known", kind)
		}
		if c.cookies > 0 && before < loadMost {
			t.Fatal("a cookie without load")
		}
		if !c.door.checker.CheckMAC1(datagram) && (len(c.woken) > 0 || c.cookies > 0) {
			t.Fatal("who does not know our key is answered, or costs a decryption")
		}
	})
}

func FuzzAncillary(f *testing.F) {
	control := make([]byte, ancillaryRoom)
	for _, from := range []netip.Addr{{}, v4[0], v6[0]} {
		used := writeAncillary(control, from, from.Is6(), 1400)
		f.Add(append([]byte(nil), control[:used]...))
		f.Add(append([]byte(nil), control[:used-3]...))
	}
	f.Fuzz(func(t *testing.T, control []byte) {
		if a := readAncillary(control); a.segment < 0 || a.segment > 65535 {
			t.Fatalf("segments of %d bytes", a.segment)
		}
	})
}

// piecesOf cuts a text where 255 stands, so that a fuzzer can speak of several packets.
func piecesOf(text []byte) [][]byte { return bytes.Split(text, []byte{255, 255, 255}) }

func FuzzPackets(f *testing.F) {
	for _, between := range [][2]netip.Addr{v4, v6} {
		data := bytes.Repeat([]byte("words "), 50)
		one := segmentsOf(f, packetOf(between, 1, 100, header.TCPFlagAck, data, 100))
		f.Add(bytes.Join(one, []byte{255, 255, 255}))
		f.Add(bytes.Join([][]byte{one[0], one[2], one[1], one[0]}, []byte{255, 255, 255}))
		f.Add(one[0][:30])
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		c, r := newReceiver()
		// Streams may interleave, so bytes are counted and not compared: none is lost, and none is made.
		in, out := 0, 0
		for _, packet := range piecesOf(text) {
			if protocolOf(packet) != 0 {
				in += sumOf(packet)
			}
			c.add(packet)
		}
		c.flush()
		for _, packet := range r.packets {
			out += sumOf(packet)
		}
		if in != out {
			t.Fatalf("payloads sum up to %d, and come out as %d", in, out)
		}
	})
}

// sumOf is of the payload of a segment, and of the whole of what is none.
func sumOf(packet []byte) int {
	var s segment
	if s.parse(packet) {
		packet = s.payload
	}
	sum := 0
	for _, b := range packet {
		sum += int(b) + 1
	}
	return sum
}

func FuzzRequests(f *testing.F) {
	f.Add([]byte(`{"id":1,"request":"open","device":"a","private_key":"","address":"10.0.0.1","mtu":1420,"bind":"0.0.0.0:0"}`))
	f.Add([]byte(`{"id":"x","request":"peers","device":"a","add":[{"public_key":"wYAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBk=",` +
		`"address":"10.0.0.2","endpoint":"[::ffff:192.0.2.1]:5","keepalive":25}],"remove":[""]}`))
	f.Add([]byte(`{"id":{"a":[]},"request":"dial","to":"10.0.0.2:80","timeout_ms":-1,"peer":"="}`))
	f.Add([]byte(`{"add":[{"address":"fe80::1%eth0"},{"address":"::ffff:10.0.0.1"}]}`))
	f.Add([]byte(`[1]`))
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_SEQPACKET, 0)
	if err != nil {
		f.Fatal(err)
	}
	channel, err := newControl(uintptr(pair[0]))
	if err != nil {
		f.Fatal(err)
	}
	far := os.NewFile(uintptr(pair[1]), "far")
	f.Cleanup(func() { far.Close(); channel.conn.Close() })
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) == 0 || len(text) > 4096 {
			return // an empty message is the end
		}
		if _, err := far.Write(text); err != nil {
			t.Fatal(err)
		}
		asked, err := channel.read()
		if err != nil {
			if answer := refuse(idOf(asked.ID), err); answer.Reason != invalid {
				t.Fatalf("what is no request is %q", answer.Reason)
			}
			return
		}
		if _, err := json.Marshal(reply{ID: idOf(asked.ID)}); err != nil {
			t.Fatalf("a request that cannot be answered: %v", err)
		}
		for i := range asked.Add {
			if one, err := parsePeer(&asked.Add[i]); err == nil {
				if again, err := parseKey(one.key.String(), ""); err != nil || again != one.key {
					t.Fatal("a key is not what is printed of it")
				}
				if one.address.Is4In6() || one.address.Zone() != "" || one.endpoint.Addr().Is4In6() {
					t.Fatal("an address has another form")
				}
			}
		}
	})
}
