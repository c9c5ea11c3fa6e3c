// What handshakes may come in. A token has a row of keys of which most are never used, and a peer costs wireguard-go 14
// KB and two goroutines; so a peer that waits to be called upon stays outside until its first initiation comes. For
// that the door reads who sends one, as the device will again.
//
// So the door is where handshakes cost something first, and protects itself as WireGuard's paper (§5.3) has it: under
// load it asks for a cookie, which proves that a sender has its address, and lets each address pass 20 times a second.
// What reaches the device is little, so that its own protection never comes on: two sets of cookies would contradict.
package main

import (
	"encoding/binary"
	"sync"
	"time"

	"golang.org/x/crypto/blake2s"
	"golang.org/x/crypto/chacha20poly1305"
	"golang.org/x/crypto/curve25519"
	"golang.zx2c4.com/wireguard/device"
	"golang.zx2c4.com/wireguard/ratelimiter"
)

const (
	// More initiations than this in one window are load. Reading one takes about 0.1 ms.
	loadWindow    = 100 * time.Millisecond
	loadMost      = 100
	loadLasts     = time.Second
	strangerEvery = time.Second

	outgoingKept = 1024 // initiations of ours whose answers are awaited
)

// Where the parts of an initiation are (§5.4.2).
const (
	initiationEphemeral = 8
	initiationStatic    = 40
	initiationTimestamp = 88
)

// door stands before one device. Its admit is called by the receiving goroutine only.
type door struct {
	private [32]byte
	public  [32]byte
	checker device.CookieChecker
	limiter ratelimiter.Ratelimiter
	wake    func(key) bool // makes a known peer one of the device's; false: nobody knows it
	reply   func(cookie []byte, to *endpoint)

	// Told, once a second at most, that somebody has come whom nobody knows. Anybody who knows our public key can make
	// that happen, from whatever address, so it is a hint for people.
	stranger func(from *endpoint)
	told     time.Time

	window    time.Time
	inWindow  int
	loadUntil time.Time

	mutex    sync.Mutex
	awaited  map[uint32]struct{} // sender indices of our initiations
	inOrder  [outgoingKept]uint32
	nextSlot int
}

func newDoor(private key, wake func(key) bool, reply func([]byte, *endpoint)) *door {
	d := &door{private: private, wake: wake, reply: reply, stranger: func(*endpoint) {}, awaited: map[uint32]struct{}{}}
	curve25519.ScalarBaseMult(&d.public, (*[32]byte)(&private))
	d.checker.Init(d.public)
	d.limiter.Init()
	return d
}

func (d *door) close() { d.limiter.Close() }

// admit says whether the device shall see a datagram, which is plausible.
func (d *door) admit(datagram []byte, from *endpoint, now time.Time) bool {
	switch native.Uint32(datagram) {
	case device.MessageInitiationType:
		return d.checker.CheckMAC1(datagram) && d.initiation(datagram, from, now)
	case device.MessageResponseType, device.MessageCookieReplyType:
		return d.isAwaited(datagram)
	}
	return true
}

func (d *door) initiation(datagram []byte, from *endpoint, now time.Time) bool {
	if d.underLoad(now) {
		if !d.checker.CheckMAC2(datagram, from.DstToBytes()) {
			d.sendCookie(datagram, from)
			return false
		}
		if !d.limiter.Allow(from.DstIP()) {
			return false
		}
	}
	sender, ok := d.senderOf(datagram)
	if !ok || d.wake(sender) {
		return ok
	}
	if now.Sub(d.told) >= strangerEvery {
		d.told = now
		d.stranger(from)
	}
	return false
}

func (d *door) underLoad(now time.Time) bool {
	if now.Sub(d.window) >= loadWindow {
		d.window, d.inWindow = now, 0
	}
	d.inWindow++
	if d.inWindow > loadMost {
		d.loadUntil = now.Add(loadLasts)
	}
	return now.Before(d.loadUntil)
}

// senderOf decrypts the static public key of an initiation. Who sent it is proven only by what follows it.
func (d *door) senderOf(datagram []byte) (key, bool) {
	ephemeral := datagram[initiationEphemeral:initiationStatic]
	hash := blake2s.Sum256(append(device.InitialHash[:], d.public[:]...))
	hash = blake2s.Sum256(append(hash[:], ephemeral...))
	var chain, secret [32]byte
	device.KDF1(&chain, device.InitialChainKey[:], ephemeral)
	shared, err := curve25519.X25519(d.private[:], ephemeral)
	if err != nil {
		return key{}, false // a point of low order
	}
	device.KDF2(&chain, &secret, chain[:], shared)
	aead, _ := chacha20poly1305.New(secret[:])
	var sender key
	_, err = aead.Open(sender[:0], device.ZeroNonce[:], datagram[initiationStatic:initiationTimestamp], hash[:])
	return sender, err == nil
}

func (d *door) sendCookie(datagram []byte, to *endpoint) {
	reply, err := d.checker.CreateReply(datagram, native.Uint32(datagram[4:]), to.DstToBytes())
	if err != nil {
		return
	}
	message := make([]byte, 0, device.MessageCookieReplySize)
	message = binary.LittleEndian.AppendUint32(message, device.MessageCookieReplyType)
	message = binary.LittleEndian.AppendUint32(message, reply.Receiver)
	message = append(append(message, reply.Nonce[:]...), reply.Cookie[:]...)
	d.reply(message, to)
}

// sent looks at what leaves: an initiation of ours has answers.
func (d *door) sent(datagram []byte) {
	if len(datagram) != device.MessageInitiationSize || native.Uint32(datagram) != device.MessageInitiationType {
		return
	}
	d.mutex.Lock()
	defer d.mutex.Unlock()
	delete(d.awaited, d.inOrder[d.nextSlot])
	d.inOrder[d.nextSlot] = native.Uint32(datagram[4:])
	d.awaited[d.inOrder[d.nextSlot]] = struct{}{}
	d.nextSlot = (d.nextSlot + 1) % outgoingKept
}

// isAwaited says whether a response or a cookie is for an initiation of ours.
func (d *door) isAwaited(datagram []byte) bool {
	index := native.Uint32(datagram[4:])
	if native.Uint32(datagram) == device.MessageResponseType {
		index = native.Uint32(datagram[8:])
	}
	d.mutex.Lock()
	defer d.mutex.Unlock()
	_, awaited := d.awaited[index]
	return awaited
}
