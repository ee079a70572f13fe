package schema

import (
	"bytes"
	"crypto/rand"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
)

// UUID is a row's identity. The zero UUID is the default of a UUID column and
// never the identity of a row.
type UUID [16]byte

// ParseUUID reads the 36 character form, hexadecimal digits in either case.
func ParseUUID(s string) (UUID, error) {
	u, ok := parseUUID(s)
	if !ok {
		return UUID{}, fmt.Errorf("schema: %q is not a valid UUID", s)
	}
	return u, nil
}

func parseUUID[T string | []byte](s T) (u UUID, ok bool) {
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return UUID{}, false
	}
	n := 0
	for i := 0; i < 36; {
		if s[i] == '-' {
			i++
			continue
		}
		hi, lo := hexDigit(s[i]), hexDigit(s[i+1])
		if hi > 15 || lo > 15 {
			return UUID{}, false
		}
		u[n] = hi<<4 | lo
		n++
		i += 2
	}
	return u, true
}

func hexDigit(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	}
	return 0xff
}

// NewUUID returns a random UUID, version 4 of RFC 9562.
func NewUUID() UUID {
	var u UUID
	rand.Read(u[:])
	return u.stamped(4)
}

// NameUUID returns the UUID that stands for the given parts: the same on every
// machine and at every time. Its form is that of version 5 of RFC 9562, SHA-1
// over the parts, each followed by a NUL so that no two lists of parts without
// NULs meet.
func NameUUID(parts ...string) UUID {
	size := 0
	for _, p := range parts {
		size += len(p) + 1
	}
	var buf [512]byte // as long as most are
	b := buf[:0]
	if size > len(buf) {
		b = make([]byte, 0, size)
	}
	for _, p := range parts {
		b = append(b, p...)
		b = append(b, 0)
	}
	sum := sha1.Sum(b)
	return UUID(sum[:16]).stamped(5)
}

func (u UUID) stamped(version byte) UUID {
	u[6] = u[6]&0x0f | version<<4
	u[8] = u[8]&0x3f | 0x80
	return u
}

// String returns the 36 character form in lower case.
func (u UUID) String() string {
	return string(u.Append(make([]byte, 0, 36)))
}

// Append appends the 36 character form.
func (u UUID) Append(b []byte) []byte {
	b = hex.AppendEncode(b, u[0:4])
	b = append(b, '-')
	b = hex.AppendEncode(b, u[4:6])
	b = append(b, '-')
	b = hex.AppendEncode(b, u[6:8])
	b = append(b, '-')
	b = hex.AppendEncode(b, u[8:10])
	b = append(b, '-')
	return hex.AppendEncode(b, u[10:16])
}

// MarshalText returns the 36 character form.
func (u UUID) MarshalText() ([]byte, error) {
	return u.Append(make([]byte, 0, 36)), nil
}

// UnmarshalText reads the 36 character form.
func (u *UUID) UnmarshalText(b []byte) error {
	v, err := ParseUUID(string(b))
	if err != nil {
		return err
	}
	*u = v
	return nil
}

// Compare orders UUIDs as their text is ordered.
func (u UUID) Compare(v UUID) int { return bytes.Compare(u[:], v[:]) }

// IsZero tells whether u is the zero UUID.
func (u UUID) IsZero() bool { return u == UUID{} }
