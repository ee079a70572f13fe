package lflow

import (
	"encoding/hex"
	"net/netip"
	"strings"
)

// EventEmptyLBBackends is the one event of TriggerEvent: a packet for a load
// balancer that has no backends.
const EventEmptyLBBackends = "empty_lb_backends"

// TriggerEvent makes the agent report an EventEmptyLBBackends.
type TriggerEvent struct {
	Meter        string // limits the rate; may be empty
	VIP          string // address, or address:port
	Protocol     string // tcp, udp or sctp
	LoadBalancer string // UUID
}

func (a TriggerEvent) Append(b []byte) []byte {
	b = append(b, `trigger_event(event = "`+EventEmptyLBBackends+`"`...)
	for _, kv := range [...][2]string{{"meter", a.Meter}, {"vip", a.VIP}, {"protocol", a.Protocol}, {"load_balancer", a.LoadBalancer}} {
		if kv[1] != "" || kv[0] != "meter" {
			b = appendString(append(append(append(b, ", "...), kv[0]...), " = "...), kv[1])
		}
	}
	return append(b, ");"...)
}

func (TriggerEvent) Prerequisites(es []*Expr) []*Expr { return es }

func parseTriggerEvent(p *actionParser) (Action, *Error) {
	var a TriggerEvent
	start, event := p.tok.pos, ""
	err := p.keywords(func(name token) *Error {
		to, valid := a.argument(name.text, &event)
		if to == nil {
			return errorf(name.pos, CodeSymbol, "found `%s' where `event', `meter', `vip', `protocol' or `load_balancer' was expected", name.text)
		}
		pos := p.tok.pos
		s, err := p.quoted("a string")
		if err != nil {
			return err
		}
		if !valid(s) {
			return errorf(pos, CodeValue, "%q is no valid %s", s, name.text)
		}
		*to = s
		return nil
	})
	if err == nil && (event == "" || a.VIP == "" || a.Protocol == "" || a.LoadBalancer == "") {
		err = errorf(start, CodeContext, "trigger_event needs an event, a vip, a protocol and a load_balancer")
	}
	return a, err
}

// argument returns where an argument goes and what it must be.
func (a *TriggerEvent) argument(name string, event *string) (to *string, valid func(string) bool) {
	switch name {
	case "event":
		return event, func(s string) bool { return s == EventEmptyLBBackends }
	case "meter":
		return &a.Meter, func(s string) bool { return s != "" }
	case "vip":
		return &a.VIP, isVIP
	case "protocol":
		return &a.Protocol, func(s string) bool { return s == "tcp" || s == "udp" || s == "sctp" }
	case "load_balancer":
		return &a.LoadBalancer, isUUID
	}
	return nil, nil
}

func isVIP(s string) bool {
	if _, err := netip.ParseAddrPort(s); err == nil {
		return true
	}
	_, err := netip.ParseAddr(s)
	return err == nil
}

func isUUID(s string) bool {
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return false
	}
	_, err := hex.DecodeString(strings.ReplaceAll(s, "-", ""))
	return err == nil && strings.Count(s, "-") == 4
}
