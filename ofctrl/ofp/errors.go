package ofp

import (
	"errors"
	"fmt"
)

// ErrShort is a message or structure that ends too early.
var ErrShort = errors.New("ofp: truncated")

// ErrLength is a length field that does not fit its structure.
var ErrLength = errors.New("ofp: bad length")

// ErrUnknown is a construct that the codec does not know.
var ErrUnknown = errors.New("ofp: unknown")

func errShort(what string) error { return fmt.Errorf("%w %s", ErrShort, what) }

func errLength(what string, got, have int) error {
	return fmt.Errorf("%w: %s: %d of %d", ErrLength, what, got, have)
}
