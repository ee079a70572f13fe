package model

import (
	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
)

// Meters limit what others send.
type Meters struct {
	// Logs limits what ACLs log, Copp what datapaths send to agents.
	Logs LogMeter
	Copp CoppMeter
}

// CoppMeter returns the name of the meter that control-plane protection has
// for a datapath's packets of a protocol (a key of Copp.meters, ovn-nb(5)) to
// the agents, or "". A nil one protects nothing.
type CoppMeter func(r *incr.Reader, datapath schema.UUID, protocol string) string

// Of calls the function, if there is one.
func (c CoppMeter) Of(r *incr.Reader, datapath schema.UUID, protocol string) string {
	if c == nil {
		return ""
	}
	return c(r, datapath, protocol)
}

// LogMeter returns the name of the meter that limits an ACL's log, or "", and
// then why, if the ACL names one. A nil one limits nothing.
type LogMeter func(r *incr.Reader, row *nb.ACL) (name, problem string)

// Of calls the function, if there is one.
func (m LogMeter) Of(r *incr.Reader, row *nb.ACL) (name, problem string) {
	if m == nil {
		return "", ""
	}
	return m(r, row)
}
