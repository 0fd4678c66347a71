# What a fresh Request Tracker gets for the tests: queues, custom fields and a named cast of accounts.
# Read by rt-setup-database --action insert.

my @queues = ('Incidents', 'Service Requests', 'Internal', 'Brand new');
my @read   = ('Incidents', 'Service Requests');

@Queues = map { { Name => $_, Description => $_ } } @queues;

@CustomFields = map { {
    Name => $_->[0], Type => $_->[1], MaxValues => 1, LookupType => 'RT::Queue-RT::Ticket', ApplyTo => \@read,
} } (['Priority class', 'FreeformSingle'], ['External number', 'FreeformSingle'], ['Closed on', 'DateTime']);

# seeder writes; reader is the account a customer gives us; the others are what goes wrong with such accounts:
# berlin has another zone, zoneless has none, half sees one queue, blind sees queues but no ticket, stranger nothing.
@Users = (
    { Name => 'seeder',   Privileged => 1, Timezone => 'UTC' },
    { Name => 'reader',   Privileged => 1, Timezone => 'UTC' },
    { Name => 'berlin',   Privileged => 1, Timezone => 'Europe/Berlin' },
    { Name => 'zoneless', Privileged => 1 },
    { Name => 'half',     Privileged => 1, Timezone => 'UTC' },
    { Name => 'blind',    Privileged => 1, Timezone => 'UTC' },
    { Name => 'stranger', Privileged => 1, Timezone => 'UTC' },
);

my %sees = (
    reader => [@read, 'Brand new'], berlin => \@read, zoneless => \@read, half => ['Incidents'],
);
for my $user (sort keys %sees) {
    for my $queue (@{ $sees{$user} }) {
        push @ACL, { UserId => $user, Right => $_, Queue => $queue } for qw(SeeQueue ShowTicket SeeCustomField);
    }
}
push @ACL, map { my $queue = $_; map { { UserId => 'blind', Right => $_, Queue => $queue } } qw(SeeQueue SeeCustomField) } @read;
push @ACL, { UserId => 'seeder', Right => 'SuperUser' };

# Mail rules cost three times what a ticket costs, and there is nobody to write to.
push @Final, sub {
    my $scrips = RT::Scrips->new(RT->SystemUser);
    $scrips->UnLimit;
    while (my $scrip = $scrips->Next) { $scrip->SetDisabled(1) }
};

# A token is readable only when it is made.
push @Final, sub {
    open my $file, '>', "$ENV{RT_TEST_DIRECTORY}/tokens" or die "tokens: $!";
    for my $name (map { $_->{Name} } @Users) {
        my $user = RT::User->new(RT->SystemUser);
        $user->Load($name);
        my ($ok, $message, $token) = RT::AuthToken->new(RT->SystemUser)->Create(Owner => $user->Id, Description => 'test');
        die "token of $name: $message" unless $ok;
        print $file "$name $token\n";
    }
    close $file or die "tokens: $!";
};
