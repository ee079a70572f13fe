package lower

import (
	"encoding/binary"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// vectorCookie is the cookie of the flow that vectors stand in.
const vectorCookie = 0xaaaaaaaa

// printedGroup prints a group: its type, method and fields, then a line per
// bucket, without its number, which is not OVN's, and so in the order of lines.
func printedGroup(g ofp.GroupBody) string {
	if g == "" {
		return "no group"
	}
	var out strings.Builder
	n := int(binary.BigEndian.Uint16([]byte(g[2:4])))
	buckets, props := []byte(g[4:4+n]), []byte(g[4+n:])
	fmt.Fprintf(&out, "type=%d %s", g[0], strings.TrimRight(string(props[16:32]), "\x00"))
	for f := props[40:binary.BigEndian.Uint16(props[2:])]; len(f) > 4; f = f[4+int(f[3]):] {
		fmt.Fprintf(&out, " %x", f[:4])
	}
	var lines []string
	for len(buckets) > 0 {
		var out strings.Builder
		size, na := binary.BigEndian.Uint16(buckets), binary.BigEndian.Uint16(buckets[2:])
		for p := buckets[8+na : size]; len(p) >= 8; p = p[8:] {
			if p[1] == 0 {
				fmt.Fprintf(&out, " weight:%d", binary.BigEndian.Uint16(p[4:]))
			} else {
				fmt.Fprintf(&out, " watch_port:%d", binary.BigEndian.Uint32(p[4:]))
			}
		}
		out.WriteString(" " + ofp.Actions(buckets[8:8+na]).String())
		buckets, lines = buckets[size:], append(lines, out.String())
	}
	return inLines(out.String(), lines)
}

func inLines(group string, buckets []string) string {
	slices.Sort(buckets)
	return strings.Join(append([]string{group}, buckets...), "\n")
}

// wantedGroup rewrites the group of a vector as printedGroup prints it.
func wantedGroup(s string) string {
	spec, ok := strings.CutSuffix(s, ")")
	_, spec, ok2 := strings.Cut(spec, "name(type=select,selection_method=")
	if !ok || !ok2 {
		return "unreadable " + s
	}
	parts := strings.Split(spec, ",bucket=")
	method, fields, _ := strings.Cut(parts[0], ",fields(")
	out := "type=1 " + method
	if fields != "" {
		g := ofp.GroupSpec{Type: ofp.GroupSelect, Select: method}
		for name := range strings.SplitSeq(strings.TrimSuffix(fields, ")"), ",") {
			g.Fields = append(g.Fields, hashed(name)...)
		}
		body, err := g.Body()
		if err != nil {
			return err.Error()
		}
		out = printedGroup(body)
	}
	var lines []string
	for _, p := range parts[1:] {
		lines = append(lines, wantedBucket(p))
	}
	return inLines(out, lines)
}

var (
	bucketNumber = regexp.MustCompile(`^bucket_id=\d+,`)
	bucketNAT    = regexp.MustCompile(`ct\((nat\([^)]*\)),(commit,.*?\]),exec`)
	bucketLoad   = regexp.MustCompile(`load[:=](\w+)->([\w]+)\[(\d+)\.\.(\d+)\]`)
	bucketBits   = regexp.MustCompile(`set_field:(\d)/(\d)->`)
)

// wantedBucket rewrites a bucket: numbers in hexadecimal, loads as the
// set_field that OpenFlow 1.5 has for them.
func wantedBucket(s string) string {
	s = bucketNumber.ReplaceAllString(s, "")
	s = bucketNAT.ReplaceAllString(s, "ct($2,$1,exec")
	s = bucketBits.ReplaceAllString(s, "set_field:0x$1/0x$2->")
	out, actions, ok := strings.Cut(s, ",actions=")
	if !ok {
		out, actions, ok = strings.Cut(s, ",load=")
		actions = "load=" + actions
	}
	if !ok {
		return " unreadable " + s
	}
	actions = bucketLoad.ReplaceAllStringFunc(actions, func(l string) string {
		m := bucketLoad.FindStringSubmatch(l)
		v, _ := strconv.ParseUint(m[1], 0, 64)
		lo, _ := strconv.Atoi(m[3])
		hi, _ := strconv.Atoi(m[4])
		mask := ofp.Ones(hi - lo + 1).Shl(lo)
		value := ofp.U64(v).Shl(lo)
		field := map[string]ofp.Field{"xreg4": ofp.XReg4, "xxreg0": ofp.XXReg0, "xxreg1": ofp.XXReg1, "NXM_NX_REG15": ofp.Reg15}[m[2]]
		var b ofp.ActionBuilder
		b.SetFieldMasked(field, value, mask)
		return b.Actions().String()
	})
	return " " + out + " " + actions
}
