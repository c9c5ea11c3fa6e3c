package main

import (
	"bufio"
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand"
	"net"
	"net/http"
	"time"
)

// RFC 6455: frames of one part, masked by clients.
const (
	binaryFrame = 0x82
	closeFrame  = 0x88
)

func acceptOf(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}

func writeFrame(to io.Writer, kind byte, payload []byte, masked bool) error {
	frame := []byte{kind, 126, 0, 0}
	binary.BigEndian.PutUint16(frame[2:], uint16(len(payload)))
	start := len(frame)
	if masked {
		frame[1] |= 0x80
		mask := rand.Uint32()
		frame = binary.BigEndian.AppendUint32(frame, mask)
		start = len(frame)
		frame = append(frame, payload...)
		for i := start; i < len(frame); i++ {
			frame[i] ^= byte(mask >> (24 - 8*((i-start)%4)))
		}
	} else {
		frame = append(frame, payload...)
	}
	_, err := to.Write(frame)
	return err
}

func readFrame(from io.Reader) (byte, []byte, error) {
	head := make([]byte, 4)
	if _, err := io.ReadFull(from, head); err != nil {
		return 0, nil, err
	}
	if head[1]&0x7f != 126 {
		return 0, nil, fmt.Errorf("a frame that nobody sent: %x", head)
	}
	mask := make([]byte, 4)
	if head[1]&0x80 != 0 {
		if _, err := io.ReadFull(from, mask); err != nil {
			return 0, nil, err
		}
	}
	payload := make([]byte, binary.BigEndian.Uint16(head[2:]))
	if _, err := io.ReadFull(from, payload); err != nil {
		return 0, nil, err
	}
	for i := range payload {
		payload[i] ^= mask[i%4]
	}
	return head[0], payload, nil
}

// echo answers each frame with itself until the client closes.
func echo(w http.ResponseWriter, r *http.Request) {
	connection, buffered, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	defer connection.Close()
	fmt.Fprintf(connection, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
		acceptOf(r.Header.Get("Sec-WebSocket-Key")))
	for {
		kind, payload, err := readFrame(buffered)
		if err != nil || writeFrame(connection, kind, payload, false) != nil || kind == closeFrame {
			return
		}
	}
}

// converse is one WebSocket of a client: messages at a pace, each of which must come back, then a close that is answered.
func converse(address string, messages int) error {
	connection, err := net.DialTimeout("tcp", address, patience)
	if err != nil {
		return err
	}
	defer connection.Close()
	connection.SetDeadline(time.Now().Add(time.Duration(messages)*tick + patience))
	request, _ := http.NewRequest("GET", "http://soak/load/echo", nil)
	nonce := make([]byte, 16)
	rand.Read(nonce)
	key := base64.StdEncoding.EncodeToString(nonce)
	for name, value := range map[string]string{"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": key} {
		request.Header.Set(name, value)
	}
	if err := request.Write(connection); err != nil {
		return err
	}
	reader := bufio.NewReader(connection)
	answer, err := http.ReadResponse(reader, request)
	if err != nil {
		return err
	}
	if answer.StatusCode != 101 || answer.Header.Get("Sec-WebSocket-Accept") != acceptOf(key) {
		return fmt.Errorf("the upgrade was answered by %d", answer.StatusCode)
	}
	for i := 0; i < messages; i++ {
		sent := make([]byte, rand.Intn(4000))
		rand.Read(sent)
		if err := writeFrame(connection, binaryFrame, sent, true); err != nil {
			return fmt.Errorf("message %d: %w", i, err)
		}
		kind, came, err := readFrame(reader)
		if err != nil {
			return fmt.Errorf("message %d: %w", i, err)
		}
		if kind != binaryFrame || !bytes.Equal(came, sent) {
			return fmt.Errorf("message %d came back as another", i)
		}
		time.Sleep(tick)
	}
	if err := writeFrame(connection, closeFrame, []byte{3, 232}, true); err != nil {
		return err
	}
	if kind, _, err := readFrame(reader); err != nil || kind != closeFrame {
		return fmt.Errorf("the close was not answered: %x %v", kind, err)
	}
	return nil
}
