// Who comes in, with initiations that wireguard-go made.
package main

import (
	"crypto/rand"
	"encoding/hex"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/crypto/curve25519"
	"golang.zx2c4.com/wireguard/conn"
	"golang.zx2c4.com/wireguard/device"
)

// capture is a conn.Bind that keeps what is sent.
type capture struct{ sent chan []byte }

func (c *capture) Open(uint16) ([]conn.ReceiveFunc, uint16, error) { return nil, 1, nil }
func (c *capture) Close() error                                    { return nil }
func (c *capture) SetMark(uint32) error                            { return nil }
func (c *capture) Send(datagram []byte, _ conn.Endpoint) error {
	c.sent <- append([]byte(nil), datagram...)
	return nil
}
func (c *capture) ParseEndpoint(text string) (conn.Endpoint, error) {
	to, err := netip.ParseAddrPort(text)
	return &endpoint{to: to}, err
}

func newKey(t *testing.T) (private, public key) {
	t.Helper()
	if _, err := rand.Read(private[:]); err != nil {
		t.Fatal(err)
	}
	curve25519.ScalarBaseMult((*[32]byte)(&public), (*[32]byte)(&private))
	return private, public
}

// initiationFrom lets wireguard-go make a handshake initiation.
func initiationFrom(t *testing.T, private, to key) []byte {
	t.Helper()
	sent := &capture{sent: make(chan []byte, 10)}
	made := device.NewDevice(tunDevice{newLink(1420)}, sent, device.NewLogger(device.LogLevelSilent, ""))
	defer made.Close()
	text := "private_key=" + hex.EncodeToString(private[:]) + "\npublic_key=" + hex.EncodeToString(to[:]) + "\nendpoint=127.0.0.1:1\n"
	if err := made.IpcSet(text); err != nil {
		t.Fatal(err)
	}
	if err := made.Up(); err != nil {
		t.Fatal(err)
	}
	made.LookupPeer(device.NoisePublicKey(to)).SendHandshakeInitiation(false)
	return <-sent.sent
}

type doorCase struct {
	door    *door
	woken   []key
	cookies int
	from    *endpoint
}

func newDoorCase(private key, known ...key) *doorCase {
	c := &doorCase{from: &endpoint{to: netip.MustParseAddrPort("192.0.2.1:5")}}
	c.door = newDoor(private, func(who key) bool {
		c.woken = append(c.woken, who)
		for _, k := range known {
			if k == who {
				return true
			}
		}
		return false
	}, func([]byte, *endpoint) { c.cookies++ })
	return c
}

func TestTheDoorKnowsWhoSendsAnInitiation(t *testing.T) {
	private, public := newKey(t)
	peerPrivate, peerPublic := newKey(t)
	datagram := initiationFrom(t, peerPrivate, public)
	now := time.Now()

	c := newDoorCase(private, peerPublic)
	if !c.door.admit(datagram, c.from, now) || len(c.woken) != 1 || c.woken[0] != peerPublic {
		t.Fatal("a known peer stays outside")
	}
	c = newDoorCase(private)
	strangers := 0
	c.door.stranger = func(*endpoint) { strangers++ }
	for _, later := range []time.Duration{0, time.Millisecond, strangerEvery} {
		if c.door.admit(datagram, c.from, now.Add(later)) {
			t.Fatal("a stranger comes in")
		}
	}
	if strangers != 2 {
		t.Fatalf("told of %d strangers", strangers)
	}
	other, _ := newKey(t)
	c = newDoorCase(other, peerPublic)
	if c.door.admit(datagram, c.from, now) || len(c.woken) != 0 {
		t.Fatal("what was sent to another key comes in")
	}
	for i := 4; i < 132; i++ { // all but the kind and the second checksum
		changed := append([]byte(nil), datagram...)
		changed[i] ^= 1
		c = newDoorCase(private, peerPublic)
		if c.door.admit(changed, c.from, now) {
			t.Fatalf("byte %d is changed, and it comes in", i)
		}
	}
}

func TestUnderLoadOnlyACookieOpens(t *testing.T) {
	private, public := newKey(t)
	peerPrivate, peerPublic := newKey(t)
	datagram := initiationFrom(t, peerPrivate, public)
	c := newDoorCase(private, peerPublic)
	now := time.Now()
	for i := 0; i < loadMost; i++ {
		if !c.door.admit(datagram, c.from, now) {
			t.Fatalf("number %d is refused without load", i)
		}
	}
	for i := 0; i < 10; i++ {
		if c.door.admit(datagram, c.from, now.Add(loadWindow*time.Duration(i)/2)) {
			t.Fatal("under load it comes in without a cookie")
		}
	}
	if c.cookies != 10 {
		t.Fatalf("%d cookies for 10 refused", c.cookies)
	}
	if !c.door.admit(datagram, c.from, now.Add(2*loadLasts)) {
		t.Fatal("the load is over, and it stays outside")
	}
}

func TestAnswersComeInOnlyWhenTheyAreAwaited(t *testing.T) {
	private, _ := newKey(t)
	_, peerPublic := newKey(t)
	c := newDoorCase(private)
	ours := initiationFrom(t, private, peerPublic)
	response := make([]byte, device.MessageResponseSize)
	native.PutUint32(response, device.MessageResponseType)
	copy(response[8:12], ours[4:8])
	cookie := make([]byte, device.MessageCookieReplySize)
	native.PutUint32(cookie, device.MessageCookieReplyType)
	copy(cookie[4:8], ours[4:8])
	if c.door.admit(response, c.from, time.Now()) || c.door.admit(cookie, c.from, time.Now()) {
		t.Fatal("an answer to nothing comes in")
	}
	c.door.sent(ours)
	if !c.door.admit(response, c.from, time.Now()) || !c.door.admit(cookie, c.from, time.Now()) {
		t.Fatal("an awaited answer stays outside")
	}
	for i := 0; i < outgoingKept; i++ {
		c.door.sent(initiationLike(uint32(i)))
	}
	if c.door.admit(response, c.from, time.Now()) {
		t.Fatal("what was long ago is still awaited")
	}
	if len(c.door.awaited) > outgoingKept {
		t.Fatalf("%d are kept", len(c.door.awaited))
	}
}

func initiationLike(index uint32) []byte {
	datagram := make([]byte, device.MessageInitiationSize)
	native.PutUint32(datagram, device.MessageInitiationType)
	native.PutUint32(datagram[4:], index)
	return datagram
}
