package trace

import (
	"errors"
	"fmt"
	"strings"

	"github.com/weft-sdn/weft/lflow"
)

// CTState is what connection tracking says of a packet: the bits of
// ct_state.
type CTState uint32

// ctFlags are the bits in the order of ct_state.
var ctFlags = [...]string{"new", "est", "rel", "rpl", "inv", "trk", "snat", "dnat"}

const (
	stateNew CTState = 1 << iota
	stateEst
	stateRel
	stateRpl
	invalid
	tracked
	stateSNAT
	stateDNAT
)

// established is what ct_next finds where nothing else was said.
const established = tracked | stateEst

// ErrUnlikely is what is wrong with a state in which no packet is. Such a
// state can be used all the same.
var ErrUnlikely = errors.New("invalid connection state")

// ParseCTState parses flags, separated by commas or spaces. trk is implied.
func ParseCTState(text string) (CTState, error) {
	s := tracked
next:
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' }) {
		for i, f := range ctFlags {
			if f == word {
				s |= 1 << i
				continue next
			}
		}
		return 0, fmt.Errorf("%s: unknown connection tracking state flag", word)
	}
	return s, s.check()
}

// check returns why no packet can be in the state.
func (s CTState) check() error {
	has := func(name string) bool {
		for i, f := range ctFlags {
			if f == name {
				return s>>i&1 == 1
			}
		}
		return false
	}
	switch {
	case has("inv") && s&^tracked != 1<<4:
		return fmt.Errorf("%s: %w: when \"inv\" is set, only \"trk\" may also be set", s, ErrUnlikely)
	case has("new") && has("est"):
		return fmt.Errorf("%s: %w: \"new\" and \"est\" are mutually exclusive", s, ErrUnlikely)
	case has("new") && has("rpl"):
		return fmt.Errorf("%s: %w: \"new\" and \"rpl\" are mutually exclusive", s, ErrUnlikely)
	}
	return nil
}

// String returns the flags as they are in flows.
func (s CTState) String() string {
	var words []string
	for i, f := range ctFlags {
		if s>>i&1 == 1 {
			words = append(words, f)
		}
	}
	return strings.Join(words, "|")
}

// ctNext goes on in the next table with what connection tracking says; the
// packet behind the action is not tracked.
func (x *exec) ctNext(a lflow.CTNext) {
	if x.opts.Conntrack != nil {
		x.recirculate("ct_next", request{zone: x.zone(a.SNAT)})
		return
	}
	p, remark := x.tracked()
	x.fork(p, fmt.Sprintf("ct_next(ct_state=%s%s)", CTState(p.get(lflow.CTState).Lo), remark))
}

// tracked returns a copy of the packet with what connection tracking finds,
// and a remark if nobody has said what that is.
func (x *exec) tracked() (p *Packet, remark string) {
	state, remark := established, " /* default (use --ct to customize) */"
	if len(x.ct) > 0 {
		state, remark = x.ct[0], ""
		x.ct = x.ct[1:]
	}
	p = x.p.clone()
	p.set(lflow.CTState, lflow.U(uint64(state)))
	if p.is(lflow.IP) {
		orig := p.tuple() // if nothing was translated before
		if state&stateRpl != 0 {
			orig, _ = orig.reversed()
		}
		p.began(orig)
	}
	return p, remark
}

// keepTracked is tracked but for a packet that is tracked already: where it is
// translated, its state stays.
func (x *exec) keepTracked() (p *Packet, remark string) {
	if x.p.is(lflow.CTTrk) {
		return x.p.clone(), ""
	}
	return x.tracked()
}

// fork goes on with another packet in the next table.
func (x *exec) fork(p *Packet, title string) {
	x.table(x.dp, place{x.at.pipeline, x.at.table + 1}, p, x.super.add(Transform, title))
}
