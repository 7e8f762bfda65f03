/* SPDX-License-Identifier: MIT */
/* The order matters: the recogniser that knows more comes first. */
#include "source/go/holds/recognise.h"

#include "source/go/holds/typed.h"
#include "source/go/holds/variables.h"

const go_recognise_object go_recognisers[] = {
	go_recognise_runtime,    go_recognise_header,
	go_recognise_receiver,   go_recognise_typed,
	go_recognise_channel,    go_recognise_function,
	go_recognise_interfaces, NULL,
};

const go_recognise_frame go_frame_recognisers[] = {
	go_recognise_pairs,
	go_variables_name,
	NULL,
};
