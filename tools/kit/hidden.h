/*
 * hidden - what others learn of a dataset of tier hidden, for whoever chooses it: it stands in the
 * help of `publish`, and is said when the first version is made.
 */
#ifndef ALLMENDE_HIDDEN_TOLD_H
#define ALLMENDE_HIDDEN_TOLD_H

#define HIDDEN_TOLD                                                                                \
	"What others learn of a hidden dataset:\n"                                                 \
	"  members that may not read it: that it is there and whose it is, when each version\n"    \
	"      came, in how many pieces and of what size (rounded up), with whom it is shared\n"   \
	"      and who keeps it; not its name, title, description or files, what is in them,\n"    \
	"      what changed, nor how large it is to the byte\n"                                    \
	"  who keeps it for others: the same, and who asks for it when\n"                          \
	"  guests and outsiders: nothing\n"                                                        \
	"  its readers, and all nodes of its owner: everything. Who may read all of the\n"         \
	"      owner's namespace reads it too; it is granted by itself, by its name.\n"            \
	"Said to everybody, so say nothing of it there: the reason of a withdrawal."

#endif
