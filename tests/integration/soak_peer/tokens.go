package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"time"
)

const knownTokensMost = 1000

// tokens verifies what the connector signs (ES256), by the keys that it publishes; those are fetched when one is unknown.
type tokens struct {
	issuer, audience string

	mutex sync.Mutex
	keys  map[string]*ecdsa.PublicKey
	known map[string]time.Time // tokens that were good, with their ends: a signature is verified once
}

func (t *tokens) check(field string) error {
	token := strings.TrimPrefix(field, "Bearer ")
	t.mutex.Lock()
	defer t.mutex.Unlock()
	end, good := t.known[token]
	if !good {
		var err error
		if end, err = t.verify(token); err != nil {
			return err
		}
		if len(t.known) >= knownTokensMost || t.known == nil {
			t.known = map[string]time.Time{}
		}
		t.known[token] = end
	}
	if time.Now().After(end) {
		return fmt.Errorf("the token has ended")
	}
	return nil
}

func (t *tokens) verify(token string) (time.Time, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return time.Time{}, fmt.Errorf("there is no token")
	}
	var header struct{ Kid, Alg string }
	var claims struct {
		Iss, Aud string
		Exp      int64
	}
	if err := decode(parts[0], &header); err != nil {
		return time.Time{}, err
	}
	if err := decode(parts[1], &claims); err != nil {
		return time.Time{}, err
	}
	if claims.Iss != t.issuer || claims.Aud != t.audience || header.Alg != "ES256" {
		return time.Time{}, fmt.Errorf("the token is another's: %v %v", header, claims)
	}
	if t.keys[header.Kid] == nil {
		if err := t.fetch(); err != nil {
			return time.Time{}, err
		}
	}
	key := t.keys[header.Kid]
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if key == nil || err != nil || len(signature) != 64 {
		return time.Time{}, fmt.Errorf("no key %s, or no signature", header.Kid)
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if !ecdsa.Verify(key, sum[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])) {
		return time.Time{}, fmt.Errorf("the signature is not that of key %s", header.Kid)
	}
	return time.Unix(claims.Exp, 0), nil
}

func (t *tokens) fetch() error {
	answer, err := http.Get(t.issuer + "/.well-known/jwks.json")
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	var set struct {
		Keys []struct{ Kid, X, Y string }
	}
	if err := json.NewDecoder(answer.Body).Decode(&set); err != nil {
		return err
	}
	t.keys = map[string]*ecdsa.PublicKey{}
	for _, key := range set.Keys {
		x, _ := base64.RawURLEncoding.DecodeString(key.X)
		y, _ := base64.RawURLEncoding.DecodeString(key.Y)
		t.keys[key.Kid] = &ecdsa.PublicKey{Curve: elliptic.P256(), X: new(big.Int).SetBytes(x), Y: new(big.Int).SetBytes(y)}
	}
	return nil
}

func decode(part string, into interface{}) error {
	text, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}
