package ofctrl

import (
	"errors"
	"fmt"
	"slices"

	"github.com/weft-sdn/weft/ofctrl/ofp"
)

const allPortReasons = 1<<ofp.PortAdded | 1<<ofp.PortDeleted | 1<<ofp.PortChanged

// setUp asks to be told of port changes and of what others do to groups and meters,
// and puts the TLV map in place.
func (s *session) setUp() error {
	s.buf = ofp.AppendSetConfig(s.buf, s.nextXid(1), ofp.SwitchConfig{MissSendLen: 0xffff})
	s.buf = ofp.AppendSetAsync(s.buf, s.nextXid(1), ofp.Async{PortStatus: allPortReasons, RequestForward: ofp.AllForwards})
	maps, err := s.tlvTable()
	if err != nil {
		return err
	}
	var stale, missing []ofp.TLVMap
	for _, w := range s.c.cfg.TLV {
		if slices.Contains(maps, w) {
			continue
		}
		missing = append(missing, w)
		for _, m := range maps {
			if m.Index == w.Index || m.Class == w.Class && m.Type == w.Type {
				stale = append(stale, m)
			}
		}
	}
	if err := s.tlvMod(ofp.TLVDelete, stale); err != nil {
		// A mapping in use by flows cannot go; those flows cannot be ours.
		s.c.cfg.Log.Warn("another TLV map is in use; deleting all flows", "err", err)
		s.buf = ofp.AppendFlowMod(s.buf, s.nextXid(1), &ofp.FlowMod{Command: ofp.FlowDelete, Table: ofp.AllTables})
		if err := s.tlvMod(ofp.TLVDelete, stale); err != nil {
			return err
		}
	}
	return s.tlvMod(ofp.TLVAdd, missing)
}

// tlvTable reads the TLV table.
func (s *session) tlvTable() (maps []ofp.TLVMap, err error) {
	err = s.request(func(h ofp.Header, msg []byte) error {
		nicira, subtype, body, err := ofp.ParseExperimenter(msg[8:])
		if err == nil && nicira && subtype == ofp.NXTLVTableReply {
			maps, err = ofp.ParseTLVTable(body)
		}
		return err
	}, func(xid uint32) { s.buf = ofp.AppendTLVTableRequest(s.buf, xid) })
	return maps, err
}

func (s *session) tlvMod(command uint16, maps []ofp.TLVMap) error {
	if len(maps) == 0 {
		return nil
	}
	err := s.request(nil, func(xid uint32) { s.buf = ofp.AppendTLVTableMod(s.buf, xid, command, maps) })
	if err != nil {
		return fmt.Errorf("TLV map: %w", err)
	}
	return nil
}

// request sends one message and a barrier, and hands the answers to the message
// to reply. An error of the switch is returned.
func (s *session) request(reply func(h ofp.Header, msg []byte) error, put func(xid uint32)) error {
	xid := s.nextXid(2)
	var fault error
	done := false
	s.sink = func(h ofp.Header, msg []byte) error {
		switch {
		case h.Type == ofp.TypeError:
			e, err := ofp.ParseError(msg)
			if err == nil {
				fault = errors.Join(fault, e)
			}
			return err
		case h.Type == ofp.TypeBarrierReply:
			done = done || h.Xid == xid+1
		case h.Xid == xid && reply != nil:
			return reply(h, msg)
		}
		return nil
	}
	put(xid)
	s.buf = ofp.AppendEmpty(s.buf, ofp.TypeBarrierRequest, xid+1)
	if err := s.await(func() bool { return done }); err != nil {
		return err
	}
	return fault
}
