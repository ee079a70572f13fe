package ofp

import (
	"encoding/binary"
	"fmt"
)

// Error is an error message of the switch.
type Error struct {
	Xid        uint32 // of the message that caused it
	Type, Code uint16
	Vendor     uint32 // where Type is 0xffff: Code is that experimenter's
	Data       []byte // the start of that message
}

// ParseError reads a whole error message. The result does not point into msg.
func ParseError(msg []byte) (*Error, error) {
	h, err := ParseHeader(msg)
	if err != nil {
		return nil, err
	}
	b := msg[headerLen:]
	if len(b) < 4 {
		return nil, errShort("error message")
	}
	e := &Error{Xid: h.Xid, Type: binary.BigEndian.Uint16(b), Code: binary.BigEndian.Uint16(b[2:])}
	b = b[4:]
	if e.Type == 0xffff {
		if len(b) < 4 {
			return nil, errShort("experimenter error")
		}
		e.Vendor, b = binary.BigEndian.Uint32(b), b[4:]
	}
	e.Data = append([]byte(nil), b...)
	return e, nil
}

// Name is the error's name in the specification, or its numbers.
func (e *Error) Name() string {
	if e.Type == 0xffff {
		if e.Vendor == expNicira {
			if n, ok := niciraErrors[e.Code]; ok {
				return n
			}
		}
		return fmt.Sprintf("experimenter %#x error %d", e.Vendor, e.Code)
	}
	for i := range errorTypes {
		if t := &errorTypes[i]; t.typ == e.Type {
			if int(e.Code) < len(t.codes) && t.codes[e.Code] != "" {
				return t.prefix + t.codes[e.Code]
			}
			return fmt.Sprintf("%scode %d", t.prefix, e.Code)
		}
	}
	return fmt.Sprintf("type %d code %d", e.Type, e.Code)
}

func (e *Error) Error() string { return "switch: " + e.Name() }

// errorTypes are the errors of OpenFlow 1.5, 7.5.4; a code is a position.
var errorTypes = [...]struct {
	typ    uint16
	prefix string
	codes  []string
}{
	{0, "OFPHFC_", []string{"INCOMPATIBLE", "EPERM"}},
	{1, "OFPBRC_", []string{"BAD_VERSION", "BAD_TYPE", "BAD_MULTIPART", "BAD_EXPERIMENTER", "BAD_EXP_TYPE", "EPERM",
		"BAD_LEN", "BUFFER_EMPTY", "BUFFER_UNKNOWN", "BAD_TABLE_ID", "IS_SLAVE", "BAD_PORT", "BAD_PACKET",
		"MULTIPART_BUFFER_OVERFLOW", "MULTIPART_REQUEST_TIMEOUT", "MULTIPART_REPLY_TIMEOUT",
		"MULTIPART_BAD_SCHED", "PIPELINE_FIELDS_ONLY", "UNKNOWN"}},
	{2, "OFPBAC_", []string{"BAD_TYPE", "BAD_LEN", "BAD_EXPERIMENTER", "BAD_EXP_TYPE", "BAD_OUT_PORT", "BAD_ARGUMENT",
		"EPERM", "TOO_MANY", "BAD_QUEUE", "BAD_OUT_GROUP", "MATCH_INCONSISTENT", "UNSUPPORTED_ORDER", "BAD_TAG",
		"BAD_SET_TYPE", "BAD_SET_LEN", "BAD_SET_ARGUMENT", "BAD_SET_MASK", "BAD_METER"}},
	{3, "OFPBIC_", []string{"UNKNOWN_INST", "UNSUP_INST", "BAD_TABLE_ID", "UNSUP_METADATA", "UNSUP_METADATA_MASK",
		"BAD_EXPERIMENTER", "BAD_EXP_TYPE", "BAD_LEN", "EPERM", "DUP_INST"}},
	{4, "OFPBMC_", []string{"BAD_TYPE", "BAD_LEN", "BAD_TAG", "BAD_DL_ADDR_MASK", "BAD_NW_ADDR_MASK", "BAD_WILDCARDS",
		"BAD_FIELD", "BAD_VALUE", "BAD_MASK", "BAD_PREREQ", "DUP_FIELD", "EPERM"}},
	{5, "OFPFMFC_", []string{"UNKNOWN", "TABLE_FULL", "BAD_TABLE_ID", "OVERLAP", "EPERM", "BAD_TIMEOUT", "BAD_COMMAND",
		"BAD_FLAGS", "CANT_SYNC", "BAD_PRIORITY", "IS_SYNC"}},
	{6, "OFPGMFC_", []string{"GROUP_EXISTS", "INVALID_GROUP", "WEIGHT_UNSUPPORTED", "OUT_OF_GROUPS", "OUT_OF_BUCKETS",
		"CHAINING_UNSUPPORTED", "WATCH_UNSUPPORTED", "LOOP", "UNKNOWN_GROUP", "CHAINED_GROUP", "BAD_TYPE",
		"BAD_COMMAND", "BAD_BUCKET", "BAD_WATCH", "EPERM", "UNKNOWN_BUCKET", "BUCKET_EXISTS"}},
	{7, "OFPPMFC_", []string{"BAD_PORT", "BAD_HW_ADDR", "BAD_CONFIG", "BAD_ADVERTISE", "EPERM"}},
	{8, "OFPTMFC_", []string{"BAD_TABLE", "BAD_CONFIG", "EPERM"}},
	{9, "OFPQOFC_", []string{"BAD_PORT", "BAD_QUEUE", "EPERM"}},
	{10, "OFPSCFC_", []string{"BAD_FLAGS", "BAD_LEN", "EPERM"}},
	{11, "OFPRRFC_", []string{"STALE", "UNSUP", "BAD_ROLE", "ID_UNSUP", "ID_IN_USE"}},
	{12, "OFPMMFC_", []string{"UNKNOWN", "METER_EXISTS", "INVALID_METER", "UNKNOWN_METER", "BAD_COMMAND", "BAD_FLAGS",
		"BAD_RATE", "BAD_BURST", "BAD_BAND", "BAD_BAND_VALUE", "OUT_OF_METERS", "OUT_OF_BANDS"}},
	{13, "OFPTFFC_", []string{"BAD_TABLE", "BAD_METADATA", "", "", "", "EPERM", "BAD_CAPA", "BAD_MAX_ENT", "BAD_FEATURES", "BAD_COMMAND",
		"TOO_MANY"}},
	{14, "OFPBPC_", []string{"BAD_TYPE", "BAD_LEN", "BAD_VALUE", "TOO_MANY", "DUP_TYPE", "BAD_EXPERIMENTER",
		"BAD_EXP_TYPE", "BAD_EXP_VALUE", "EPERM"}},
	{15, "OFPACFC_", []string{"INVALID", "UNSUPPORTED", "EPERM"}},
	{16, "OFPMOFC_", []string{"UNKNOWN", "MONITOR_EXISTS", "INVALID_MONITOR", "UNKNOWN_MONITOR", "BAD_COMMAND",
		"BAD_FLAGS", "BAD_TABLE_ID", "BAD_OUT"}},
	{17, "OFPBFC_", []string{"UNKNOWN", "EPERM", "BAD_ID", "BUNDLE_EXIST", "BUNDLE_CLOSED", "OUT_OF_BUNDLES", "BAD_TYPE",
		"BAD_FLAGS", "MSG_BAD_LEN", "MSG_BAD_XID", "MSG_UNSUP", "MSG_CONFLICT", "MSG_TOO_MANY", "MSG_FAILED",
		"TIMEOUT", "BUNDLE_IN_PROGRESS", "SCHED_NOT_SUPPORTED", "SCHED_FUTURE", "SCHED_PAST"}},
}

// niciraErrors are Nicira's errors by number.
var niciraErrors = map[uint16]string{
	2:  "NXBRC_NXM_INVALID",
	3:  "NXBRC_NXM_BAD_TYPE",
	4:  "NXBRC_MUST_BE_ZERO",
	5:  "NXBRC_BAD_REASON",
	9:  "NXBRC_FM_BAD_EVENT",
	10: "NXBRC_UNENCODABLE_ERROR",
	11: "NXBAC_MUST_BE_ZERO",
	12: "NXFMFC_HARDWARE",
	13: "NXFMFC_BAD_TABLE_ID",
	15: "NXBAC_BAD_CONJUNCTION",
	16: "NXTTMFC_BAD_COMMAND",
	17: "NXTTMFC_BAD_OPT_LEN",
	18: "NXTTMFC_BAD_FIELD_IDX",
	19: "NXTTMFC_TABLE_FULL",
	20: "NXTTMFC_ALREADY_MAPPED",
	21: "NXTTMFC_DUP_ENTRY",
	22: "OFPBFC_BAD_VERSION",
	23: "NXQOFC_QUEUE_ERROR",
	34: "NXR_NOT_SUPPORTED",
	35: "NXR_STALE",
	36: "NXST_NOT_CONFIGURED",
	37: "NXFMFC_INVALID_TLV_FIELD",
	38: "NXTTMFC_INVALID_TLV_DEL",
	39: "NXBAC_BAD_HEADER_TYPE",
	40: "NXBAC_UNKNOWN_ED_PROP",
	41: "NXBAC_BAD_ED_PROP",
	42: "NXBAC_CT_DATAPATH_SUPPORT",
	43: "NXBMC_CT_DATAPATH_SUPPORT",
	44: "NXTFFC_DUP_TABLE",
}
