namespace AltruistManager.Selection.Simulation;

/// <summary>Service, weighted by the shares of the traffic.</summary>
public record struct Portion
{
    /// <summary>Times that one became a primary of a slot, or got another share of its traffic.</summary>
    public double Sessions;
    public double ServedMs;
    public double Requests;
    /// <summary>Those of the requests that came in bursts.</summary>
    public double BurstRequests;

    public static Portion operator +(Portion one, Portion other) => new()
    {
        Sessions = one.Sessions + other.Sessions,
        ServedMs = one.ServedMs + other.ServedMs,
        Requests = one.Requests + other.Requests,
        BurstRequests = one.BurstRequests + other.BurstRequests,
    };

    public static Portion operator *(double factor, Portion of) => new()
    {
        Sessions = factor * of.Sessions,
        ServedMs = factor * of.ServedMs,
        Requests = factor * of.Requests,
        BurstRequests = factor * of.BurstRequests,
    };
}
