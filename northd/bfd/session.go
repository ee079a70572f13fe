package bfd

import (
	"fmt"
	"maps"
	"net/netip"
	"strconv"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
	"github.com/weft-sdn/weft/schema/sb"
)

// Defaults of ovn-nb(5), and what fits into a control packet: RFC 5880, section
// 4.1.
const (
	defaultInterval = 1000 // ms
	maxInterval     = (1<<32 - 1) / 1000
	defaultMult     = 5
	maxMult         = 255
)

// session is a row as it is read. The peer is invalid if the row is.
type session struct {
	Port         string
	Peer         netip.Addr
	MinTX, MinRX int64 // ms
	Mult         int64
	problems     []graph.Problem
}

func (ft *feature) parse(r *incr.Reader, id schema.UUID) (*session, bool) {
	row, ok := incr.Get(r, ft.rows, id)
	if !ok {
		return nil, false
	}
	e := problemsOf(row)
	s := &session{Port: row.LogicalPort}
	s.MinTX = number(e, "min_tx", row.MinTX, defaultInterval, 1, maxInterval)
	s.MinRX = number(e, "min_rx", row.MinRX, defaultInterval, 0, maxInterval)
	s.Mult = number(e, "detect_mult", row.DetectMult, defaultMult, 1, maxMult)
	peer, err := netip.ParseAddr(row.DstIP)
	if err != nil || peer.Zone() != "" || peer.Is4In6() || peer.IsUnspecified() || peer.IsMulticast() {
		e.Problem("dst_ip", strconv.Quote(row.DstIP)+" is not the IP address of a neighbour")
	} else {
		s.Peer = peer
	}
	switch port, ok := ft.m.RouterPort(r, row.LogicalPort); {
	case !ok:
		e.Problem("logical_port", "there is no router port "+strconv.Quote(row.LogicalPort)+" yet")
	case s.Peer.IsValid() && !port.SourceTowards(s.Peer).IsValid():
		e.Problem("dst_ip", "the port has no address from which it could ask "+s.Peer.String())
	}
	s.problems = e.List
	return s, true
}

// number reads a column, which the northbound database does not bound above.
func number(e *graph.RowProblems, column string, value *int64, fallback, lo, hi int64) int64 {
	switch {
	case value == nil:
		return fallback
	case *value < lo || *value > hi:
		e.Problem(column, fmt.Sprintf("%d is not a number from %d to %d; it is %d", *value, lo, hi, fallback))
		return fallback
	}
	return *value
}

// notUsed in column options tells agents that the session rests. The key is ours:
// status, by which OVN's northd tells them, is the agent's column here.
const notUsed = "admin_down"

// row is the southbound row. Discriminators differ as the source ports do, which
// are one half of them; the other half nobody can guess.
func (ft *feature) row(r *incr.Reader, id schema.UUID) (*sb.BFD, bool) {
	s, ok := incr.Get(r, ft.sessions, id)
	port, numbered := incr.Get(r, ft.ports.Of, id)
	row, there := incr.Get(r, ft.rows, id)
	if !ok || !numbered || !there {
		return nil, false
	}
	out := &sb.BFD{
		Header:      schema.Header{UUID: id},
		SrcPort:     int64(port) + firstPort - 1,
		Disc:        int64(id[0])<<24 | int64(id[1])<<16 | int64(port),
		LogicalPort: s.Port,
		DstIP:       s.Peer.String(),
		MinTX:       s.MinTX,
		MinRX:       s.MinRX,
		DetectMult:  s.Mult,
		ExternalIDs: row.ExternalIDs,
		Options:     ft.options(r, row),
	}
	if p, ok := ft.m.RouterPort(r, s.Port); ok {
		claim, _ := incr.Get(r, ft.m.Claims, p.UUID)
		out.ChassisName = claim.Chassis
	}
	return out, true
}

func (ft *feature) options(r *incr.Reader, row *nb.BFD) map[string]string {
	if incr.Has(r, ft.used, row.UUID) {
		return row.Options
	}
	options := maps.Clone(row.Options)
	if options == nil {
		options = map[string]string{}
	}
	options[notUsed] = "true"
	return options
}
