package portsec

import (
	"fmt"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	const mac, virtual = "40:44:00:00:00:01", "VRRPv3 00:00:5e:00:01:00/ff:ff:ff:ff:ff:00 "
	for _, c := range []struct {
		column []string
		want   string // "secured" and an element's addresses each, or errors
	}{
		{nil, ""},
		{[]string{mac}, "secured; free"},
		{[]string{mac + ",10.0.0.1, fd00::1/64"}, "secured; [10.0.0.1/32] [fd00::1/64]"},
		{[]string{mac + " 10.0.0.1", mac + " 10.0.0.2"}, "secured; [10.0.0.1/32 10.0.0.2/32] []"},
		{[]string{mac + " 10.0.0.1", mac}, "secured; free"},
		{[]string{virtual + mac + " 10.0.0.1", mac + " 10.0.0.2"}, "secured; [10.0.0.1/32] []; [10.0.0.2/32] []"},
		{[]string{virtual + mac + " 10.0.0.1", virtual + mac + " 10.0.0.2"}, "secured; [10.0.0.1/32 10.0.0.2/32] []"},
		{[]string{""}, `secured; "": no Ethernet address`},
		{[]string{"unknown", mac}, `secured; free; "unknown": "unknown" is not an Ethernet address`},
		{[]string{mac + "\n" + mac}, `secured; "40:44:00:00:00:01\n40:44:00:00:00:01": "40:44:00:00:00:01\n40:44:00:00:00:01" is not an Ethernet address`},
		{[]string{virtual}, `secured; "VRRPv3 00:00:5e:00:01:00/ff:ff:ff:ff:ff:00 ": no virtual and physical Ethernet address behind VRRPv3`},
		{[]string{"VRRPv3 x " + mac}, `secured; "VRRPv3 x 40:44:00:00:00:01": "x" is not an Ethernet address`},
	} {
		p, errs := Parse(c.column)
		var got []string
		if p.Secured {
			got = append(got, "secured")
		}
		for _, e := range p.elements {
			if e.free {
				got = append(got, "free")
			} else {
				got = append(got, fmt.Sprint(e.v4, e.v6))
			}
		}
		for _, err := range errs {
			got = append(got, err.Error())
		}
		if got := strings.Join(got, "; "); got != c.want {
			t.Errorf("%q: %s, want %s", c.column, got, c.want)
		}
	}
}

// FuzzParse: whatever the column holds, there are rules, and what is secured has
// one that fails all that no other is about.
func FuzzParse(f *testing.F) {
	f.Add("40:44:00:00:00:01 10.0.0.1", "VRRPv3 00:00:5e:00:01:00/ff:ff:ff:ff:ff:00 40:44:00:00:00:01 fd00::1/64")
	f.Fuzz(func(t *testing.T, a, b string) {
		p, _ := Parse([]string{a, b})
		for _, rules := range [][]Rule{p.In("p"), p.Out("p")} {
			if last := rules[len(rules)-1]; !last.Fail || last.Priority != 70 {
				t.Errorf("%q: the last rule is %+v", []string{a, b}, last)
			}
		}
	})
}
