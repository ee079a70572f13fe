package vswitch

import (
	"reflect"
	"testing"

	"github.com/ovn-kubernetes/libovsdb/model"
)

// A clone equals its row and shares nothing with it, field by field: a column
// that is added to a row struct must be added to its clone too.
func TestClone(t *testing.T) {
	for _, row := range []model.CloneableModel{&OpenvSwitch{}, &Bridge{}, &Port{}, &Interface{}, &CollectorSet{}} {
		v := reflect.ValueOf(row).Elem()
		for i := range v.NumField() {
			fill(v.Field(i))
		}
		c := row.CloneModel()
		if !reflect.DeepEqual(row, c) || !row.(model.ComparableModel).EqualsModel(c) {
			t.Errorf("%T: clone %+v of %+v", row, c, row)
		}
		w := reflect.ValueOf(c).Elem()
		for i := range v.NumField() {
			switch f := v.Field(i); f.Kind() {
			case reflect.Pointer, reflect.Map, reflect.Slice:
				if f.Pointer() == w.Field(i).Pointer() {
					t.Errorf("%T.%s is shared with the clone", row, v.Type().Field(i).Name)
				}
			}
		}
	}
}

// fill gives a field some value that is not its zero value.
func fill(f reflect.Value) {
	switch f.Kind() {
	case reflect.String:
		f.SetString("x")
	case reflect.Int:
		f.SetInt(7)
	case reflect.Pointer:
		f.Set(reflect.New(f.Type().Elem()))
		fill(f.Elem())
	case reflect.Slice:
		f.Set(reflect.MakeSlice(f.Type(), 1, 1))
		fill(f.Index(0))
	case reflect.Map:
		f.Set(reflect.MakeMap(f.Type()))
		f.SetMapIndex(reflect.ValueOf("k"), reflect.ValueOf("v"))
	}
}
