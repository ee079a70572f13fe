package schema_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/weft-sdn/weft/schema"
)

func TestParseForm(t *testing.T) {
	newer := fmt.Sprintf(`{"form":%d,"by":"v9"}`, schema.CurrentForm+1)
	for _, c := range []struct {
		data string
		want schema.Form
		err  []string
	}{
		{"", schema.Form{Form: 1}, nil},
		{`{"form":1,"by":"v0"}`, schema.Form{Form: 1, By: "v0"}, nil},
		{`{"form":1,"from":1,"later":true}`, schema.Form{Form: 1, From: 1}, nil},
		{newer, schema.Form{}, []string{"/weft/nb/form", fmt.Sprint("in form ", schema.CurrentForm+1), "by v9", fmt.Sprint("up to ", schema.CurrentForm), "upgrade"}},
		{strings.ReplaceAll(newer, `"v9"`, `""`), schema.Form{}, []string{"an unknown version"}},
		{`{}`, schema.Form{}, []string{"does not say"}},
		{`2`, schema.Form{}, []string{"does not say"}},
		{`{"form":`, schema.Form{}, []string{"does not say"}},
	} {
		var data []byte
		if c.data != "" {
			data = []byte(c.data)
		}
		got, err := schema.ParseForm("/weft/nb/form", data)
		if c.err == nil && (err != nil || got != c.want) {
			t.Errorf("%s: %+v, %v", c.data, got, err)
		}
		if (c.err != nil) != errors.Is(err, schema.ErrForm) {
			t.Errorf("%s: error %v", c.data, err)
		}
		for _, part := range c.err {
			if err == nil || !strings.Contains(err.Error(), part) {
				t.Errorf("%s: %v, without %q", c.data, err, part)
			}
		}
	}
	f := schema.Form{Form: 1, From: 1, By: "v1"}
	if got, err := schema.ParseForm("k", f.Encode()); err != nil || got != f {
		t.Errorf("%+v, %v", got, err)
	}
}
