package model

import (
	"errors"
	"fmt"
	"strings"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
)

// ParseMatch finds out whether a match that a user wrote is in the language; the
// error says what is wrong, for people. What it needs to know of address sets and
// port groups is whether they are there: a match that names one that comes later
// is looked at again then. A match with template variables agents read, once these have
// values: it may be anything.
func (s *Groups) ParseMatch(r *incr.Reader, match string) (*lflow.Expr, error) {
	if lflow.HasVariables(match) {
		return lflow.True(), nil
	}
	names := &lflow.Options{
		AddressSet: func(name string) ([]lflow.Constant, bool) { return nil, s.HasSet(r, name) },
		PortGroup: func(name string, _ *lflow.Symbol) ([]string, bool) {
			return []string{name}, s.HasGroup(r, name)
		},
	}
	m, err := lflow.ParseMatch(match, names)
	if err == nil && strings.Contains(match, "//") {
		_, err = lflow.ParseMatch("("+match+")", names) // flows have something behind it
	}
	var bad *lflow.Error
	if errors.As(err, &bad) {
		err = fmt.Errorf("at offset %d: %s (%s)", bad.Pos, bad.Msg, bad.Code)
	}
	return m, err
}
