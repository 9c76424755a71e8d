namespace AltruistManager.Altruists;

public enum AuthKind
{
    None,

    /// <summary>Name and secret are user name and password.</summary>
    Basic,

    /// <summary>The secret is the token.</summary>
    Bearer,

    /// <summary>A header of that name.</summary>
    Header,

    /// <summary>A query parameter of that name; never part of the stored or published URL.</summary>
    Query,
}

/// <summary>Credentials of an endpoint. Never printed: the text form says only of which kind they are.</summary>
public sealed record EndpointAuth(AuthKind Kind, string Name, string Secret)
{
    public static readonly EndpointAuth None = new(AuthKind.None, "", "");

    /// <summary>Random, and kept with the secret: what of it is stored in the open (<see cref="Endpoint.Fingerprint"/>) cannot be guessed from.</summary>
    public string Salt { get; init; } = "";

    /// <summary>The same credentials said twice are the same.</summary>
    public bool Equals(EndpointAuth? other) => other is not null && Kind == other.Kind && Name == other.Name && Secret == other.Secret;

    public override int GetHashCode() => HashCode.Combine(Kind, Name, Secret);

    public override string ToString() => Kind.ToString().ToLowerInvariant();
}
